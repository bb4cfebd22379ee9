"""What moto lacks or answers differently from AWS, as far as the modules meet it."""

from __future__ import annotations


def install() -> None:
    """Lays all of it over moto."""
