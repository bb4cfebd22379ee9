"""RDS and Aurora."""

from __future__ import annotations


def install() -> None:
    """Lays it over moto."""
