"""How long the message of a status may be.

It travels as a percent-encoded header, and clients refuse headers of 8 KiB and more: an error that
quotes a long value would reach its caller as another error (RESOURCE_EXHAUSTED).
"""

from typing import Final
from urllib.parse import quote

LONGEST: Final = 2_048
"""Bytes of a status message on the wire, percent-encoded as gRPC does it."""

# Printable ASCII but '%' travels as it is (gRPC over HTTP/2, "Percent-Encoded").
_PLAIN: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

# Of a message that is too long the beginning stays, which names the field, and some of the end,
# which tells what would be right.
_END: Final = 600


def status_message(text: str) -> str:
    """`text`, or its beginning and its end with the number of characters left out between them."""
    if (
        len(text) <= LONGEST // 12 or _size(text) <= LONGEST
    ):  # no character takes more than 12 bytes
        return text
    end = _longest(text[-_END:][::-1], _END)[::-1]
    gap = f" ... ({len(text)} characters in all) ... "
    return _longest(text[:LONGEST], LONGEST - _size(end) - len(gap)) + gap + end


def _size(text: str) -> int:
    return len(quote(text, safe=_PLAIN, errors="replace"))


def _longest(text: str, room: int) -> str:
    """The longest beginning of `text` that takes at most `room` bytes."""
    for index, character in enumerate(text):
        room -= _size(character)
        if room < 0:
            return text[:index]
    return text
