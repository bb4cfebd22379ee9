"""What goes on for long, shown until it has ended; a service that is restarted is waited for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mazemesh.cli.output import literal_console

if TYPE_CHECKING:
    from rich.console import RenderableType

T = TypeVar("T")

_TRIES, _PAUSE = 60, 1.0


def followed(watch: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What a watch tells until it ends; a service that is started again meanwhile is waited for."""
    import time

    from mazemesh.client.calling.pauses import jittered
    from mazemesh.errors import Unavailable

    tries = 0
    while True:
        try:
            for one in watch():
                tries = 0
                yield one
            return
        except Unavailable:
            tries += 1
            if tries > _TRIES:
                raise
        time.sleep(jittered(_PAUSE))  # nothing tells when it is back


def watched(
    told: Iterable[T],
    line: Callable[[T], str],
    picture: Callable[[T], RenderableType],
    *,
    quiet: bool,
) -> T:
    """Shows what is told; what that was last, also when Ctrl-C ends the watching.

    A picture on a terminal, a line each time that it is another elsewhere, nothing with `quiet`.
    """
    last: list[T] = []
    try:
        with _shown(line, picture, quiet=quiet) as show:
            for one in told:
                show(one)
                last[:] = [one]
    except KeyboardInterrupt:
        if not last:
            raise
    if not last:
        raise RuntimeError("a watch told nothing")
    return last[0]


@contextmanager
def _shown(
    line: Callable[[T], str], picture: Callable[[T], RenderableType], *, quiet: bool
) -> Iterator[Callable[[T], None]]:
    if quiet:
        yield lambda one: None
    elif sys.stdout.isatty():
        from rich.live import Live

        with Live(console=literal_console(), refresh_per_second=8) as live:
            yield lambda one: live.update(picture(one))
    else:
        lines = [""]

        def write(one: T) -> None:
            text = line(one)
            if text != lines[0]:
                print(text, flush=True)
            lines[0] = text

        yield write
