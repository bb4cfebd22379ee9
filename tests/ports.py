"""Ports of this host that are named before anybody listens there, or again after somebody did.

They lie below those that the system gives to who asks for any: a port that is free for a while is
not given to another test's server meanwhile.
"""

from __future__ import annotations

import random
import socket

_FIRST, _PAST_LAST = 20_000, 32_000


def free_ports(count: int) -> int:
    """The first of `count` free ports of 127.0.0.1 side by side."""
    choice = random.SystemRandom()
    while True:
        first = choice.randrange(_FIRST, _PAST_LAST - count)
        if all(_is_free(first + number) for number in range(count)):
            return first


def free_port() -> int:
    """A free port of 127.0.0.1."""
    return free_ports(1)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
