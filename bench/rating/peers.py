"""Packages that rate as Elo does, where they are installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

INSTALL = "pip install evalica choix openskill trueskill"


def peer(name: str) -> Any | None:
    """The package; None where it is not installed."""
    return import_module(name) if find_spec(name) else None


def missing(*names: str) -> dict[str, str]:
    """What to install of the packages that are not there."""
    return {name: f"not installed: {INSTALL}" for name in names if find_spec(name) is None}
