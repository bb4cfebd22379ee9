"""Pages of a list: a token says where the next one begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mazemesh.errors import InvalidArgument

_DEFAULT: Final = 100
_LARGEST: Final = 1000
_TOKEN: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class PageToken:
    """The position that the next page comes before, and the revision of the first page."""

    before: int = 0
    revision: int = 0

    def __str__(self) -> str:
        return f"{self.before}.{self.revision}"

    @classmethod
    def parse(cls, text: str) -> PageToken:
        """The token that a page ended with; an empty one for the first page.

        Raises:
            InvalidArgument: not from this service.
        """
        if not text:
            return cls()
        match = _TOKEN.fullmatch(text)
        if not match:
            raise InvalidArgument(
                f"page_token is {text[:80]!r}; expected the next_page_token of the page before"
            )
        return cls(int(match[1]), int(match[2]))


def page_size(asked: int) -> int:
    """Rows of a page.

    Raises:
        InvalidArgument: negative or more than 1000.
    """
    if not 0 <= asked <= _LARGEST:
        raise InvalidArgument(f"page_size is {asked}; expected 0..{_LARGEST}")
    return asked or _DEFAULT
