"""Has forms of a file made by a confined process, of which each makes those of one file."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.killing import killed
from services.model.registry.policy import Variant
from services.model.validation.asking import described, environment, tensors
from services.model.validation.parity import Parity
from services.model.validation.validator import Content, Limits

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a file of which forms are made."""

AT_ONCE: Final = 1
WAITING: Final = 8
START_SECONDS: Final = 30.0
_BESIDE_BYTES: Final = 1024 * 1024
_PIECE_BYTES: Final = 256 * 1024
_MAIN: Final = "services.model.variants.confined"


class Made(NamedTuple):
    """A form, and its file; empty where it was rejected."""

    variant: Variant
    file: bytes


class VariantMaker:
    """Makes forms of files, those of one file at a time.

    Args:
        limits: Of one file: for each form once.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def make(
        self, content: Content, size_bytes: int, parity: Parity, kinds: Sequence[str]
    ) -> list[Made]:
        """The forms of a file that was validated; those that fail their check say why.

        Raises:
            ResourceExhausted: too many files wait.
            Unavailable: the process does not start.
        """
        if size_bytes > MOST_BYTES:
            reason = f"the file has {size_bytes} bytes; forms are made of at most {MOST_BYTES}"
            return _all_rejected(kinds, reason)
        if self._turn.locked() and self._waiting >= WAITING:
            raise ResourceExhausted(
                f"{self._waiting} files wait for their variants to be made, which is the most; "
                "publish again later, or without variants",
                retry_after=1.0,
            )
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            data = content if isinstance(content, bytes) else await _read(content)
            return await self._made(data, parity, kinds)
        finally:
            self._turn.release()

    async def _made(self, data: bytes, parity: Parity, kinds: Sequence[str]) -> list[Made]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _MAIN),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd="/",
            env=environment(),
            start_new_session=True,
        )
        seconds = START_SECONDS + len(kinds) * self._limits.wall_seconds
        request = _request(self._limits, data, parity, kinds)
        # A form is smaller than its file, or little larger.
        most = len(kinds) * (len(data) + _BESIDE_BYTES)
        try:
            async with asyncio.timeout(seconds):
                answer = await _asked(process, request, most)
        except TimeoutError:
            return _all_rejected(kinds, f"limits: it takes more than {seconds:g} s")
        finally:
            await killed(process)
        return _read_answer(answer, kinds, process.returncode)


async def _asked(process: asyncio.subprocess.Process, request: bytes, most: int) -> bytes:
    """What a process answers to a request until it ends, or has said more than so many bytes."""
    assert process.stdin is not None
    assert process.stdout is not None
    sending = asyncio.create_task(_send(process.stdin, request))
    answer = bytearray()
    try:
        while len(answer) <= most and (piece := await process.stdout.read(_PIECE_BYTES)):
            answer += piece
        if len(answer) <= most:
            await process.wait()
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    return bytes(answer)


async def _send(pipe: asyncio.StreamWriter, request: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it ended before it had read all
        pipe.write(request)
        await pipe.drain()
        pipe.close()


async def _read(path: Path) -> bytes:
    return await asyncio.to_thread(path.read_bytes)


def _request(limits: Limits, data: bytes, parity: Parity, kinds: Sequence[str]) -> bytes:
    told = {
        "cpu_seconds": limits.cpu_seconds * len(kinds),
        "memory_bytes": limits.memory_bytes + 12 * len(data),
        "size_bytes": len(data),
        "kinds": list(kinds),
        **described(parity),
    }
    return b"".join([json.dumps(told).encode(), b"\n", *tensors(parity), data])


def _read_answer(answer: bytes, kinds: Sequence[str], status: int | None) -> list[Made]:
    """What the process said; it has run somebody's file, so nothing of it is believed unseen."""
    line, _, files = answer.partition(b"\n")
    try:
        told = json.loads(line) if line else []
        found = []
        for kind, one in zip(kinds, told, strict=True):
            variant = _variant(kind, one)
            file, files = files[: variant.size_bytes], files[variant.size_bytes :]
            if variant.sha256 and hashlib.sha256(file).hexdigest() != variant.sha256:
                raise ValueError("a file does not hash to what was told")
            found.append(Made(variant, file))
    except (ValueError, KeyError, TypeError):
        if status == 1 and not answer:
            raise Unavailable("the process that makes variants does not start") from None
        return _all_rejected(kinds, f"limits: the process that made it ended with status {status}")
    return found


def _variant(kind: str, told: dict[str, Any]) -> Variant:
    if told["kind"] != kind:
        raise ValueError("another form than was asked for")
    rejection = str(told.get("rejection", ""))
    if rejection:
        return Variant(kind=kind, rows=int(told["rows"]), rejection=rejection)
    return Variant(
        kind=kind,
        sha256=str(told["sha256"]),
        size_bytes=int(told["size_bytes"]),
        largest_difference=float(told["largest_difference"]),
        same_choices=float(told["same_choices"]),
        rows=int(told["rows"]),
    )


def _all_rejected(kinds: Sequence[str], reason: str) -> list[Made]:
    return [Made(Variant(kind=kind, rejection=reason), b"") for kind in kinds]
