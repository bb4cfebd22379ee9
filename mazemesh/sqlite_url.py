"""SQLite files as database URLs, whatever stands in their paths."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

_PREFIX: Final = "sqlite:///"


def sqlite_url(file: Path) -> str:
    """The URL of a database file, as `sqlalchemy.URL.create("sqlite", database=file)` writes it.

    A path that is pasted into a URL ends at its `?`, and `%2F` in it becomes a slash.
    """
    return _PREFIX + quote(str(file), safe=" +/")


def sqlite_file(url: str) -> Path | None:
    """The file of such a URL; None where it is another kind of database, or one in memory."""
    path = url.removeprefix(_PREFIX).partition("?")[0]
    if not url.startswith(_PREFIX) or path in ("", ":memory:"):
        return None
    return Path(unquote(path))
