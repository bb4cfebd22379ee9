"""Pages of a list that is in memory, cut by key (AIP-158): nothing is listed twice or left out.

A page goes on behind the key that the page before ended with, whatever came or went between them.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from mazemesh.errors import InvalidArgument

Item = TypeVar("Item")

LARGEST: Final = 1000
"""Items of a page, and of one for which no size was asked."""


def key_page(
    items: Iterable[Item], key: Callable[[Item], str], page_size: int, page_token: str
) -> tuple[list[Item], str]:
    """A page in order of the keys, which are unique, and the token of the next; empty on the last.

    Raises:
        InvalidArgument: a page_size outside 0..LARGEST, or a page_token that no page gave.
    """
    if not 0 <= page_size <= LARGEST:
        raise InvalidArgument(f"page_size: {page_size} is outside 0..{LARGEST}")
    after = _key(page_token)
    rest = sorted((item for item in items if after is None or key(item) > after), key=key)
    page = rest[: page_size or LARGEST]
    return page, _token(key(page[-1])) if len(page) < len(rest) else ""


def _token(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()


def _key(token: str) -> str | None:
    if not token:
        return None
    try:
        return b64decode(token, altchars="-_", validate=True).decode()
    except ValueError:
        raise InvalidArgument(
            f"page_token: {token[:80]!r} should be the next_page_token of the page before"
        ) from None
