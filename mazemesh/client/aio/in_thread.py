"""Blocking calls as coroutines, with the same parameters for who reads and for type checkers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_WAITING: Final = 64
"""News that wait for a slow reader; after that the stream itself waits."""


def in_thread(call: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The call in a thread of the event loop's."""

    @wraps(call)
    async def awaited(*args: P.args, **values: P.kwargs) -> T:
        return await asyncio.to_thread(call, *args, **values)

    return awaited


def all_in_thread(call: Callable[P, Iterable[T]]) -> Callable[P, Coroutine[Any, Any, list[T]]]:
    """A call that goes through pages, read to its end in a thread of the event loop's."""

    @wraps(call)
    async def awaited(*args: P.args, **values: P.kwargs) -> list[T]:
        return await asyncio.to_thread(lambda: [*call(*args, **values)])

    return awaited


def followed(call: Callable[P, Iterator[T]]) -> Callable[P, AsyncIterator[T]]:
    """A call that tells news as they come, in a thread of its own.

    Closing the asynchronous iterator, or cancelling who reads it, holds up nobody: the thread
    leaves with the next message, which the services send every 20 s at the latest.
    """

    @wraps(call)
    async def following(*args: P.args, **values: P.kwargs) -> AsyncIterator[T]:
        stream = _Stream(lambda: call(*args, **values), asyncio.get_running_loop())
        try:
            while (told := await stream.news.get()) is not None:
                if isinstance(told, _Failed):
                    raise told.error
                yield told
        finally:
            stream.leave()

    return following


class _Failed:
    def __init__(self, error: Exception) -> None:
        self.error = error


class _Stream:
    """What a thread reads of a blocking iterator; None is its end."""

    def __init__(self, call: Callable[[], Iterator[Any]], loop: asyncio.AbstractEventLoop) -> None:
        self.news: asyncio.Queue[Any] = asyncio.Queue(_WAITING)
        self._call, self._loop = call, loop
        self._left = threading.Event()
        threading.Thread(target=self._read, name="following", daemon=True).start()

    def leave(self) -> None:
        """Nobody reads any more."""
        self._left.set()
        while not self.news.empty():
            self.news.get_nowait()  # the thread may wait for room

    def _read(self) -> None:
        end: _Failed | None = None
        try:
            news = self._call()
            for told in news:
                if self._left.is_set() or not self._tell(told):
                    return
        except Exception as error:  # whatever it is, its reader gets it
            end = _Failed(error)
        self._tell(end)

    def _tell(self, told: Any) -> bool:
        """Whether it could be told; the event loop may be gone."""
        waiting = self.news.put(told)
        try:
            asyncio.run_coroutine_threadsafe(waiting, self._loop).result()
        except (RuntimeError, CancelledError):
            waiting.close()
            return False
        return True
