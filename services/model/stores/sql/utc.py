"""Times that were stored."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(found: datetime) -> datetime:
    """A time that was stored: SQLite drops the zone, PostgreSQL may return another one."""
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
