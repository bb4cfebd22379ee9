"""What a terminal can show: on one of ASCII alone, a maze is drawn in its letters."""

from __future__ import annotations

import codecs
import sys
from typing import Final

_HANDLER: Final = "mazemesh.nearest"

_NEAREST: Final = {
    **dict.fromkeys("─╴╶", "-"),
    **dict.fromkeys("│╵╷", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("◆◇", "#"),
    **dict.fromkeys("★☆", "*"),
    **dict.fromkeys("·•", "."),
    **dict.fromkeys("–—−", "-"),
    "×": "x",
    "±": "+-",
    "’": "'",
}


def show_what_can_be_shown() -> None:
    """Has standard output and error write `?`, or what looks alike, for what they cannot encode.

    A name, a path or a picture then ends no command by an UnicodeEncodeError.
    """
    codecs.register_error(_HANDLER, _nearest)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_NEAREST.get(sign, "?") for sign in signs), error.end
