"""Pages of a list that is in memory, cut by key (AIP-158): nothing is listed twice or left out.

A page goes on behind the key that the page before ended with, whatever came or went between them.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import TypeVar

from services._harness.pages.paging import MOST, page_size, wrong_token

Item = TypeVar("Item")


def key_page(
    items: Iterable[Item], key: Callable[[Item], str], size: int, page_token: str
) -> tuple[list[Item], str]:
    """A page in order of the keys, which are unique, and the token of the next; empty on the last.

    Raises:
        InvalidArgument: a negative size, or a page_token that no page gave.
    """
    most = page_size(size, default=MOST)
    after = _key(page_token)
    rest = sorted((item for item in items if after is None or key(item) > after), key=key)
    page = rest[:most]
    return page, _token(key(page[-1])) if len(page) < len(rest) else ""


def _token(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()


def _key(token: str) -> str | None:
    if not token:
        return None
    try:
        return b64decode(token, altchars="-_", validate=True).decode()
    except ValueError:
        raise wrong_token(token) from None
