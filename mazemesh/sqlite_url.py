"""SQLite files as database URLs, whatever stands in their paths."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote

_PREFIX: Final = "sqlite:///"


def sqlite_url(file: Path) -> str:
    """The URL that SQLAlchemy reads as `sqlalchemy.URL.create("sqlite", database=file)`.

    A path that is pasted into a URL ends at its `?`, and `%2F` in it becomes a slash. Nothing else
    has a meaning there, and stays as it is: MLflow takes the text for a path too, and makes that.
    """
    return _PREFIX + str(file).replace("%", "%25").replace("?", "%3F")


def sqlite_file(url: str) -> Path | None:
    """The file of such a URL; None where it is another kind of database, or one in memory."""
    path = url.removeprefix(_PREFIX).partition("?")[0]
    if not url.startswith(_PREFIX) or path in ("", ":memory:"):
        return None
    return Path(unquote(path))
