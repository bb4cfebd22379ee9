"""Times on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

import typer


def moment(text: str, option: str) -> datetime | None:
    """A time such as "2026-11-24T18:00"; a day alone is its beginning. Empty is None.

    One without a zone is of UTC, as the results of a mesh are.

    Raises:
        typer.BadParameter: it is none.
    """
    if not text:
        return None
    found = _read(text, option)
    if not isinstance(found, datetime):
        found = datetime.combine(found, clock_time())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def end_of(text: str, option: str) -> datetime | None:
    """As `moment`, but a day alone is its end: what stood on that day.

    Raises:
        typer.BadParameter: it is none.
    """
    if not text or isinstance(_read(text, option), datetime):
        return moment(text, option)
    found = moment(text, option)
    return None if found is None else found + timedelta(days=1)


def _read(text: str, option: str) -> date:
    """A day, or (which is one as well) a moment."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option}: {text!r} is no time; examples: 2026-11-24, 2026-11-24T18:00+01:00"
        ) from None
