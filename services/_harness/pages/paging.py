"""Pages of lists, the same in all services (AIP-158).

Too large a page is the largest that there is, a negative size is refused, and so is a token that no
list gave out.
"""

from __future__ import annotations

import re
from typing import Final

from mazemesh.errors import InvalidArgument

DEFAULT: Final = 100
MOST: Final = 1000

# What fits 64 bits, however it is used.
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def page_size(asked: int, default: int = DEFAULT, most: int = MOST) -> int:
    """The rows that a page may have: 0 takes the default, too much takes the most.

    Raises:
        InvalidArgument: it is negative.
    """
    if asked < 0:
        raise InvalidArgument(f"page_size: {asked} should be 0, which takes {default}, or more")
    return min(asked or default, most)


def page_token(*place: int) -> str:
    """The token of the page that begins at a place of one or more numbers, each 0 or more."""
    return ".".join(map(str, place))


def read_token(token: str, numbers: int = 1) -> tuple[int, ...] | None:
    """The place where a page begins; None for the first one, whose token is empty.

    Raises:
        InvalidArgument: it is no token of a list with so many numbers to a place.
    """
    if not token:
        return None
    place = token.split(".")
    if len(place) != numbers or not all(_NUMBER.fullmatch(number) for number in place):
        raise wrong_token(token)
    return tuple(map(int, place))


def wrong_token(token: str) -> InvalidArgument:
    """The refusal of a token that no list gave out."""
    return InvalidArgument(
        f"page_token: {token[:80]!r} comes from no list; pass next_page_token of the page before"
    )
