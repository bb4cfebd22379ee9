"""Texts of requests, which a database is to take."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument


def text(field: str, value: str, most: int) -> str:
    """A text of a request.

    Raises:
        InvalidArgument: it has more characters, or a NUL, which PostgreSQL does not take.
    """
    if len(value) > most:
        raise InvalidArgument(f"{field} has {len(value)} characters; at most {most} are allowed")
    if "\0" in value:
        raise InvalidArgument(f"{field} has a NUL character, which texts do not have")
    return value
