"""Calls on their way to inference: an experiment may choose the version that serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from mazemesh.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    MazemeshError,
    NotFound,
    Unavailable,
)
from services.model.experiments.calls.routes import Route, Routes
from services.model.experiments.calls.splitting import by_arm, can_split, joined, part_of
from services.model.experiments.calls.tallies import Tallies
from services.model.inference.calls import NO_SESSIONS, Answer, Asked, RunFailed, RunTooLong


class Infers(Protocol):
    """What answers calls: see `Inference`."""

    async def infer(self, asked: Asked) -> Answer:
        """The answer to a call."""


class Watches(Protocol):
    """What is shown calls and their answers: see `Shadow`."""

    def offer(self, route: Route, asked: Asked, answer: Answer) -> None:
        """A call of a shadow's part; takes no time."""


class Serving:
    """Answers calls as `Inference` does, by the arms of experiments where there are any.

    A call that an arm fails is answered by the first arm, and counted as the arm's failure.

    Args:
        inference: Answers.
        routes: Experiments that run.
        tallies: Where calls are counted.
        shadow: Is shown calls.
        clock: Seconds, rising.
        draw: A session of its own, for a call that names none.
    """

    def __init__(
        self,
        inference: Infers,
        routes: Routes,
        tallies: Tallies,
        shadow: Watches,
        clock: Callable[[], float],
        draw: Callable[[], str],
    ) -> None:
        self._inference, self.routes, self.tallies = inference, routes, tallies
        self._shadow, self._clock, self._draw = shadow, clock, draw

    async def infer(self, asked: Asked, session: str = "") -> Answer:
        """The answer to a call.

        Raises:
            MazemeshError: see `Infer` in model.proto.
        """
        route = self.routes.get(asked.policy)
        if route is None:
            return await self._inference.infer(asked)
        if not session and asked.sessions is not NO_SESSIONS and can_split(asked):
            arms = [route.arm_of(one) for one in asked.sessions.ids]
            if len(set(arms)) > 1:
                return await self._split(route, asked, arms)
            session = asked.sessions.ids[0]
        session = session or self._draw()
        answer = await self._served(route, route.arm_of(session), asked)
        if route.is_shown(session):
            self._shadow.offer(route, asked, answer)
        return answer

    async def _split(self, route: Route, asked: Asked, arms: list[int]) -> Answer:
        rows = by_arm(arms)
        parts = {arm: part_of(asked, own, asked.policy) for arm, own in rows.items()}
        async with asyncio.TaskGroup() as group:
            tasks = {
                arm: group.create_task(_caught(self._served(route, arm, part)))
                for arm, part in parts.items()
            }
        answers: dict[int, Answer] = {}
        for arm, task in tasks.items():
            found = task.result()
            if isinstance(found, MazemeshError):
                raise found
            answers[arm] = found
        return joined(answers, rows, asked.rows)

    async def _served(self, route: Route, arm: int, asked: Asked) -> Answer:
        began = self._clock()
        try:
            answer = await self._inference.infer(replace(asked, policy=route.references[arm]))
        except MazemeshError as error:
            is_error = is_versions(error, asked)
            if is_error or isinstance(error, DeadlineExceeded):
                self._count(route, arm, began, is_error=is_error)
            if not is_error or not arm:
                raise
            # Whoever calls need not know that a version is tried out.
            answer = await self._inference.infer(replace(asked, policy=route.references[0]))
        else:
            self._count(route, arm, began, is_error=False)
        answer.experiment_id = route.experiment_id
        return answer

    def _count(self, route: Route, arm: int, began: float, *, is_error: bool) -> None:
        seconds = self._clock() - began
        self.tallies.count(route.experiment_id, arm, seconds, route.slow_seconds, is_error=is_error)


def is_versions(error: MazemeshError, asked: Asked) -> bool:
    """Whether a call failed by its version, not by what was asked or how much else is."""
    if isinstance(error, NotFound | Unavailable):
        return True
    if not isinstance(error, FailedPrecondition):
        return False
    # Sessions of a policy that remembers nothing are refused likewise.
    is_run = isinstance(error.__cause__, RunFailed | RunTooLong)
    return is_run or asked.sessions is NO_SESSIONS


async def _caught(answering: Awaitable[Answer]) -> Answer | MazemeshError:
    try:
        return await answering
    except MazemeshError as error:
        return error
