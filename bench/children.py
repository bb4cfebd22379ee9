"""Processes that a bench starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from mazemesh.process.interpreter import run_module
from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block

_PORTS: Final = 5


def ending_with_us() -> dict[str, str]:
    """An environment in which `mazemesh up` ends with this process, even when that is killed."""
    return {**os.environ, PARENT_VARIABLE: str(os.getpid())}


def up_command(game: str, data: Path, *flags: str) -> list[str]:
    """`mazemesh up` of a game on a data folder and free ports, in plain lines, without console."""
    ports = ("--data-dir", str(data), "--port-base", str(free_block(_PORTS)[0]))
    flags_of_all = ("up", "--no-console", "--plain", "--game", game, *ports)
    return [*run_module("mazemesh.cli", *flags_of_all, *flags)]
