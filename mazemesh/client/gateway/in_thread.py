"""A blocking call as a coroutine, with the same parameters for who reads and for type checkers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(call: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The call in a thread of the event loop's."""

    @wraps(call)
    async def awaited(*args: P.args, **values: P.kwargs) -> T:
        return await asyncio.to_thread(call, *args, **values)

    return awaited
