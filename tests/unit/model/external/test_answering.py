"""What a simulator is told while nobody answers it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mazemesh.collecting.step import Experience
from mazemesh.games.spaces import Box, Discrete
from services.model.external import answering
from services.model.external.agents import Agent, Moment
from services.model.external.kinds import Kind
from services.model.external.recorder import Recorder
from services.model.external.simulator import Ask, Work
from services.model.external.turns import Told, Waits

KIND = Kind("cart", Box((0.0,), (9.0,), (1,)), Discrete(2))
MOMENT = Moment(np.zeros(1, np.float32), np.ones(2, np.uint8))


async def never(experience: Experience) -> None:
    await asyncio.Event().wait()


async def test_another_reason_is_told_and_the_same_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Replay that is away is known of after a while; before, its learner may have been slow."""
    monkeypatch.setattr(answering, "TELL_SECONDS", 0.01)
    trouble = [""]
    recorder = Recorder("pole", never, 1, lambda: 0.0, trouble=lambda: trouble[0])
    for _ in range(2):
        recorder.put(Experience({"x": np.zeros(1)}, None, np.ones(1, np.int64)))

    async def settle(agents: list[Agent], policy: str) -> Any:
        return SimpleNamespace(recorder=recorder)

    told: asyncio.Queue[Told] = asyncio.Queue()
    everyone: Any = SimpleNamespace(settle=settle)
    one = answering.Answering(everyone, SimpleNamespace(), told.put_nowait)  # type: ignore[arg-type]
    ask = Ask(Agent(KIND, "pole:latest", learns=True), 1, 0, MOMENT, 0, 0)
    waiting = asyncio.create_task(one.answer(Work(1, [(KIND, [ask])])))
    slow = "the learner of pole has not taken what was played: 2 rows wait for room in its table"
    assert await asyncio.wait_for(told.get(), 60) == Waits("pole", slow)
    trouble[0] = "failed to connect"
    away = "2 rows of pole wait for Replay: failed to connect"
    assert await asyncio.wait_for(told.get(), 60) == Waits("pole", away)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    assert told.empty()
