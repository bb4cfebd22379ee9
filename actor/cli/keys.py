"""Moves of a person: single keys on a terminal, one letter a line elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STAY, NORTH, EAST, SOUTH, WEST = range(5)

_KEYS = {
    " ": STAY,
    ".": STAY,
    "\x1b[A": NORTH,
    "\x1b[C": EAST,
    "\x1b[B": SOUTH,
    "\x1b[D": WEST,
    "w": NORTH,
    "d": EAST,
    "s": SOUTH,
    "a": WEST,
}
_LETTERS = {".": STAY, "n": NORTH, "e": EAST, "s": SOUTH, "w": WEST}
_QUIT = ("q", "\x03", "\x04", "")


@contextmanager
def single_keys() -> Iterator[None]:
    """Lets keys arrive without Enter, where standard input is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def next_move() -> int | None:
    """The next action; None when the person leaves. Keys that mean nothing are passed over."""
    if not sys.stdin.isatty():
        for line in sys.stdin:
            if line.strip() == "q":
                return None
            if line.strip() in _LETTERS:
                return _LETTERS[line.strip()]
        return None
    while True:
        # An arrow key arrives as three bytes at once.
        key = os.read(sys.stdin.fileno(), 3).decode(errors="ignore")
        if key in _QUIT:
            return None
        if key in _KEYS:
            return _KEYS[key]
