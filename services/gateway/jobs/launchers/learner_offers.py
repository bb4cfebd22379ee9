"""What can be trained, and how, as the learner itself tells: asked in processes of its own.

A service knows no learner, and what a package's algorithm does when it is loaded is no affair of
the gateway's process.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from mazemesh.errors import InvalidArgument, Unavailable
from mazemesh.process.interpreter import run_module
from services.gateway.jobs.plan import learner_flags, training_flags
from services.gateway.jobs.work import Training, Work

SECONDS: Final = 30.0
_AT_ONCE: Final = 2
_MOST_KEPT: Final = 64
_KEPT_SECONDS: Final = 600.0


class LearnerOffers:
    """Asks `python -m learner.offers`, at most twice at once; presets are remembered for a while.

    Args:
        environment: Of these processes.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._kept: OrderedDict[tuple[str, ...], tuple[float, dict[str, Any]]] = OrderedDict()

    async def every(self) -> dict[str, Any]:
        """Algorithms, generators of mazes, and settings with what they mean.

        Raises:
            Unavailable: no learner is installed here.
        """
        return await self._remembered("list")

    async def preset(self, game: str, algorithm: str) -> dict[str, Any]:
        """What a game, which has to be one that Game allows, is trained with by an algorithm.

        Raises:
            InvalidArgument: there is no such algorithm.
            Unavailable: no learner is installed here.
        """
        return await self._remembered("preset", game, algorithm)

    async def check(self, work: Work) -> None:
        """Whether a learner would take it.

        Raises:
            InvalidArgument: it would not; says why, and names the field where there is one.
            Unavailable: no learner is installed here.
        """
        if isinstance(work, Training):
            flags = training_flags(work)
        else:
            fixed = [f"--game={work.game}", f"--algorithm={work.algorithm}"]
            flags = [*fixed, *learner_flags(work.settings)]
        await self._ask("check", *flags)

    async def _remembered(self, *asked: str) -> dict[str, Any]:
        now = time.monotonic()
        at, told = self._kept.get(asked, (0.0, {}))
        if not told or now - at > _KEPT_SECONDS:
            told = await self._ask(*asked)
            self._kept[asked] = now, told
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return told

    async def _ask(self, *asked: str) -> dict[str, Any]:
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *run_module("learner.offers", *asked),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment,
            )
            try:
                async with asyncio.timeout(SECONDS):
                    out, complaints = await process.communicate()
            except BaseException as error:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                if isinstance(error, TimeoutError):
                    raise Unavailable(f"the learner did not answer within {SECONDS:g} s") from error
                raise
        if process.returncode != 0:
            last = complaints.decode(errors="replace").strip().splitlines()[-1:]
            raise Unavailable(f"the learner cannot be asked here: {' '.join(last)}")
        told: dict[str, Any] = json.loads(out)
        if "error" in told:
            raise InvalidArgument(told["error"], field=told["field"])
        return told
