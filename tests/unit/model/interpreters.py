"""Interpreters that run something else than they are told to."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def python_that_runs(code: str, folder: Path) -> Path:
    """An executable in a folder that runs `code`, whatever its arguments are.

    A shell's script: the line `#!` of one takes no path with a space.
    """
    (folder / "code.py").write_text(code)
    executable = folder / "python"
    command = shlex.join([sys.executable, str(folder / "code.py")])
    executable.write_text(f"#!/bin/sh\nexec {command}\n")
    executable.chmod(0o700)
    return executable
