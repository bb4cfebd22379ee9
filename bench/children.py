"""Processes that a bench starts."""

from __future__ import annotations

import os

from mazemesh.process.parent import PARENT_VARIABLE


def ending_with_us() -> dict[str, str]:
    """An environment in which `mazemesh up` ends with this process, even when that is killed."""
    return {**os.environ, PARENT_VARIABLE: str(os.getpid())}
