"""How one of our modules is run as a process: never from the folder the user happens to be in."""

from __future__ import annotations

import os
import sys


def run_module(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs `python -m module arguments` by this interpreter.

    Without `-P`, Python would look for modules in the current folder first: a `learner.py`, a
    `services/` or a `grpc.py` of the user's would be run instead of what is meant.
    """
    return (sys.executable, "-P", "-m", module, *arguments)


def forget_current_folder() -> None:
    """Takes the current folder off the module path, where `python -m` without `-P` put it.

    For entry points that somebody else starts: a person, torchrun. It stays where our own packages
    lie in it, as in a checkout. What Python has loaded before, this cannot change.
    """
    if sys.flags.safe_path or not sys.path or not os.path.isdir(os.curdir):  # noqa: PTH112
        return
    here = os.getcwd()  # noqa: PTH109  # pathlib could be the user's by now
    if sys.path[0] in ("", here) and os.path.realpath(here) != _OURS:
        del sys.path[0]


_OURS = os.path.realpath(os.path.join(__file__, *[os.pardir] * 3))  # noqa: PTH118
"""The folder of the packages: a checkout, or site-packages."""
