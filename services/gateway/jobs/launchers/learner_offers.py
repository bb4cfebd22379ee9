"""What can be trained, and how, as the learner itself tells: asked in a process of its own.

A service knows no learner, and what a package's algorithm does when it is loaded is no affair of
the gateway's process.
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Any, Final

from mazemesh.errors import InvalidArgument, Unavailable
from mazemesh.process.interpreter import run_module
from services._harness.killing import killed
from services.gateway.jobs.attempts.plan import training_flags, tuning_flags
from services.gateway.jobs.nouns.work import Training, Tuning, Work

SECONDS: Final = 60.0
"""For an answer, the wait for one's turn and the start of the process included."""

IDLE_SECONDS: Final = 300.0
"""After which the process is ended; the next one knows packages that were installed meanwhile."""

_LONGEST_LINE: Final = 1 << 20


class LearnerOffers:
    """Asks `python -m learner.offers`: one question after the other, of a process that stays a bit.

    Searches are checked by `mazemesh tune` itself, one at a time as well.

    Args:
        environment: Of that process.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._turn, self._searching = asyncio.Lock(), asyncio.Lock()
        self._process: Process | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def every(self) -> dict[str, Any]:
        """Algorithms, generators of mazes, and settings with what they mean.

        Raises:
            Unavailable: no learner is installed here.
        """
        return await self._ask("list")

    async def form(self, game: str, algorithm: str) -> dict[str, Any]:
        """Every field of a run with its kind, meaning, bounds and preset; no game is opened.

        Raises:
            InvalidArgument: there is no such algorithm.
            Unavailable: no learner is installed here.
        """
        return await self._ask("form", game, algorithm)

    async def preset(self, game: str, algorithm: str) -> dict[str, Any]:
        """What a game, which has to be one that Game allows, is trained with by an algorithm.

        Raises:
            InvalidArgument: there is no such algorithm.
            Unavailable: no learner is installed here.
        """
        return await self._ask("preset", game, algorithm)

    async def check(self, work: Work) -> None:
        """Whether a learner, or `mazemesh tune`, would take it.

        Raises:
            InvalidArgument: it would not; says why, and names the field where there is one.
            Unavailable: no learner is installed here.
        """
        if isinstance(work, Training):
            await self._ask("check", *training_flags(work))
            return
        try:
            async with asyncio.timeout(SECONDS), self._searching:
                await self._check_search(work)
        except TimeoutError as error:
            raise Unavailable(f"`mazemesh tune` did not answer within {SECONDS:g} s") from error

    async def close(self) -> None:
        """Ends the process."""
        if self._ending is not None:
            self._ending.cancel()
        process, self._process = self._process, None
        if process is not None:
            await killed(process)

    async def _ask(self, *asked: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(SECONDS), self._turn:
                line = await self._answered(asked)
        except TimeoutError as error:
            raise Unavailable(f"the learner did not answer within {SECONDS:g} s") from error
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise InvalidArgument(told["error"], field=told["field"])
        return told

    async def _answered(self, asked: tuple[str, ...]) -> bytes:
        """The line that answers; whose turn it is has the process for itself."""
        if self._ending is not None:
            self._ending.cancel()
        if self._process is None or self._process.returncode is not None:
            self._process = await self._started("learner.offers", "serve")
        answered = False
        try:
            line = await _answer(self._process, asked)
            answered = True
        finally:
            if not answered:  # what it would say next is of no use to anybody
                await self.close()
        self._ending = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end)
        return line

    async def _check_search(self, work: Tuning) -> None:
        process = await self._started("mazemesh.cli", *tuning_flags(work), "--check")
        try:
            _, complaints = await process.communicate()
        finally:
            await killed(process)
        if process.returncode:
            raise InvalidArgument(_last(complaints).removeprefix("mazemesh: "))

    def _end(self) -> None:
        """The end of its input ends it; who asks meanwhile asks another one."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def _started(self, module: str, *asked: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *run_module(module, *asked),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment,
            limit=_LONGEST_LINE,
        )


async def _answer(process: Process, asked: tuple[str, ...]) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.ensure_future(process.stderr.read())  # a full pipe would stop it
    try:
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        line = await process.stdout.readline()
        if not line:
            raise Unavailable(f"the learner cannot be asked here: {_last(await said)}")
        return line
    finally:
        said.cancel()


def _last(complaints: bytes) -> str:
    return " ".join(complaints.decode(errors="replace").strip().splitlines()[-1:])
