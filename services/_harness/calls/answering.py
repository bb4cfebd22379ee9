"""How a servicer's answer goes out, and with which status it went."""

from __future__ import annotations

import inspect
from contextlib import aclosing
from typing import Any, Final

import grpc

from services._harness.calls.context import Context

_CODE_NAMES: Final = {code.value[0]: code.name for code in grpc.StatusCode}


def code_name(context: Context) -> str:
    """The name of the status that was set."""
    # The runtime keeps nothing or a bare number until a status is set, the stubs say it is always a
    # StatusCode.
    code: Any = context.code()
    if isinstance(code, grpc.StatusCode):
        return code.name
    return _CODE_NAMES.get(code or 0, "UNKNOWN")


async def send_all(answer: Any, context: Context) -> None:
    """Sends what a streaming servicer gives: messages of a generator, or what it writes itself."""
    if inspect.isawaitable(answer):  # the servicer writes by context.write
        await answer
        return
    # Closing the generator here runs its finally blocks now and not at some garbage collection.
    async with aclosing(answer):
        async for response in answer:
            await context.write(response)
