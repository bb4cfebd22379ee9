"""Pictures that change while a cell runs.

Feeds are read by a thread each; the cell's own thread replaces what is shown, a few times a second.
Interrupting the cell ends that, and the cell with it, without an error: one has seen enough, and
the last pictures stay in the notebook.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from mazemesh.notebook.picture import Picture

Feed = Callable[[], Iterator[Picture]]
"""Opens what tells pictures; closing the mesh that it asks ends it."""

_FRAME_SECONDS: Final = 0.12
_LEAVE_SECONDS: Final = 2.0


class Place(Protocol):
    """Where a picture is shown, and replaced."""

    def show(self, picture: Picture) -> None:
        """Shows it instead of the one before."""
        ...


class Output:
    """In the output of the cell that runs; what is shown last is kept with the notebook."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, picture: Picture) -> None:
        """See `Place`."""
        from IPython.display import display

        if self._handle is None:
            self._handle = display(picture, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(picture)


class Kept:
    """Nowhere: outside of a notebook only the last pictures are told, by whoever asked."""

    def show(self, picture: Picture) -> None:
        """See `Place`."""


def place() -> Place:
    """A new place in the output of the cell that runs, where there is one."""
    return Output() if in_notebook() else Kept()


def in_notebook() -> bool:
    """Whether a kernel runs this, and not a terminal or a script."""
    with suppress(ImportError):
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        return shell is not None and hasattr(shell, "kernel")
    return False


class Live:
    """Shows what feeds tell, each in a place of its own, until the first of them ends.

    Args:
        feeds: The first one is what is waited for.
        places: Where each of them is shown.
        left: Is set at the end, for feeds that look for something.
        leave: Ends what the feeds wait for, from this thread.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        places: Sequence[Place],
        left: threading.Event,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._feeds, self._places, self._left, self._leave = feeds, places, left, leave
        self._changed = threading.Condition()
        self._latest: list[Picture | None] = [None] * len(feeds)
        self._shown: list[Picture | None] = [None] * len(feeds)
        self._error: Exception | None = None
        self._over = False

    def run(self, seconds: float | None = None) -> list[Picture | None]:
        """Shows them; the last picture of each feed.

        Args:
            seconds: After which it ends in any case.

        Raises:
            MazemeshError: what the first feed waits for failed.
        """
        threads = [
            threading.Thread(target=self._read, args=(number,), daemon=True, name="notebook")
            for number in range(len(self._feeds))
        ]
        for thread in threads:
            thread.start()
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            while self._next(deadline):
                self._show()
        except KeyboardInterrupt:
            pass  # enough was seen
        finally:
            self._left.set()
            self._leave()
            for thread in threads:
                thread.join(_LEAVE_SECONDS)
        self._show()
        if self._error is not None:
            raise self._error
        return self._latest

    def _next(self, deadline: float | None) -> bool:
        """Waits for news, and no less than a frame; whether there is more to come."""
        if self._left.wait(_FRAME_SECONDS):
            return False
        left = None if deadline is None else deadline - time.monotonic()
        with self._changed:
            if left is None or left > 0:
                self._changed.wait_for(lambda: self._over or self._is_new(), left)
            return not self._over and (left is None or left > 0)

    def _is_new(self) -> bool:
        return any(a is not b for a, b in zip(self._latest, self._shown, strict=True))

    def _show(self) -> None:
        with self._changed:
            latest = list(self._latest)
        for number, picture in enumerate(latest):
            if picture is not None and picture is not self._shown[number]:
                self._places[number].show(picture)
        self._shown = latest

    def _read(self, number: int) -> None:
        """One feed, to its end."""
        try:
            for picture in self._feeds[number]():
                if self._left.is_set():
                    return
                with self._changed:
                    self._latest[number] = picture
                    self._changed.notify_all()
        except Exception as error:
            if number == 0 and not self._left.is_set():
                self._error = error
        if number == 0:
            with self._changed:
                self._over = True
                self._changed.notify_all()
