"""Processes are killed, whatever they have said and nobody has read."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import pytest

from services._harness.killing import killed

SECONDS = 60.0
ENDLESS = "import os, sys\nwhile True: os.write(int(sys.argv[1]), bytes(2**16))"


async def started(code: str, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *arguments), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


@pytest.mark.parametrize("pipe", ["1", "2"])
async def test_one_that_talks_without_end_is_ended(pipe: str) -> None:
    process = await started(ENDLESS, pipe)
    reader = process.stdout if pipe == "1" else process.stderr
    assert reader is not None
    assert await reader.read(1)
    # By now asyncio reads no further: more than twice the limit of a reader has come.
    while reader._transport.is_reading():  # type: ignore[attr-defined]  # noqa: ASYNC110
        await asyncio.sleep(0)
    async with asyncio.timeout(SECONDS):
        await killed(process)
    assert process.returncode == -9


async def test_one_whose_answer_somebody_waits_for_is_ended() -> None:
    process = await started("import signal\nsignal.pause()")
    assert process.stdout is not None
    waiting = asyncio.ensure_future(process.stdout.readline())
    await asyncio.sleep(0)
    async with asyncio.timeout(SECONDS):
        await killed(process)
    assert await waiting == b""


async def test_one_that_has_ended_is_left() -> None:
    process = await started("")
    assert await process.wait() == 0
    await killed(process)
    assert process.returncode == 0
