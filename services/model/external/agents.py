"""Agents, and their steps from when an action is chosen until what came of it is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition, OutOfRange
from services.model.external.kinds import Kind
from services.model.external.turns import ACTS, TRUNCATED

Array = npt.NDArray[Any]
Float = npt.NDArray[np.float32]

NOTHING: Final[Float] = np.zeros(0, np.float32)


@dataclass(slots=True)
class Moment:
    """What an agent saw, and what its policy made of it.

    Attributes:
        observation: One row, as `Shown` packs it.
        mask: uint8 [M].
        state: float32 [S], what was remembered before.
        value: What was expected.
    """

    observation: Array
    mask: npt.NDArray[np.uint8]
    state: Float = field(default_factory=lambda: NOTHING)
    value: float = 0.0


@dataclass(slots=True)
class Step:
    """An action, and what came of it.

    Attributes:
        number: The agent's own, from 0.
        moment: In which it was chosen.
        action: As it was drawn, packed.
        logits: float32 [W], of all heads.
        version: That acted.
        reward: Since.
        status: ACTS while the agent goes on.
        success: It ended, and did what the game is about.
        after: The moment of the next action, or the last.
    """

    number: int
    moment: Moment
    action: Array
    logits: Float
    version: int
    reward: float = 0.0
    status: int = ACTS
    success: bool = False
    after: Moment | None = None


class Agent:
    """One agent of a simulator, played by one policy.

    Attributes:
        kind: Of agents.
        policy: Whom to ask: "name:latest", or an exact version.
        learns: Whether the policy learns from it.
        state: float32 [S], what its policy remembers.
        asking: Whether it waits for an action, or for what its last moment is worth.
        over: Whether it has ended.
        place: Where its steps go; None where nobody learns from them.
        size_bytes: That it may hold.
        is_free: Whether nothing waits for its episode's end.
        is_gone: Whether nothing is to be done with it any more.
    """

    def __init__(self, kind: Kind, policy: str, *, learns: bool) -> None:
        self.kind, self.policy, self.learns = kind, policy, learns
        self.state: Float = NOTHING
        self.asking = self.over = False
        self.place: Any = None
        self.size_bytes = 0
        self.is_free = self.is_gone = False
        self._pending: Step | None = None
        self._held: deque[Step] = deque()
        self._number = 0

    @property
    def acted(self) -> bool:
        """Whether a step is under way."""
        return self._pending is not None

    @property
    def whole(self) -> bool:
        """Whether nothing is awaited of it any more."""
        return self.over and not self.asking

    def earn(self, reward: float) -> None:
        """For the step that is under way."""
        if self._pending is not None:
            self._pending.reward += reward

    def earn_late(self, number: int, reward: float, lag: int) -> None:
        """For a step of its own by its number.

        Raises:
            OutOfRange: it was written already, or has not been made.
        """
        steps = (*self._held, *(() if self._pending is None else (self._pending,)))
        for step in steps:
            if step.number == number:
                step.reward += reward
                return
        there = f"{steps[0].number}..{steps[-1].number}" if steps else "none"
        raise OutOfRange(
            f"rewards: step {number} of an agent takes none any more; {there} do (reward_lag is "
            f"{lag})"
        )

    def begin(self, moment: Moment, action: Array, logits: Float, version: int) -> None:
        """An action was chosen: the step before is whole."""
        if self._pending is not None:
            self._whole(self._pending, moment)
        self._pending = Step(self._number, moment, action, logits, version)
        self._number += 1

    def end(self, status: int, *, success: bool) -> None:
        """The step that is under way was the last.

        Raises:
            FailedPrecondition: there is none.
        """
        if self._pending is None:
            raise FailedPrecondition("an agent has ended before it acted")
        self._pending.status, self._pending.success = status, success
        self.over = True

    def finish(self, last: Moment | None) -> None:
        """What it saw last is known; None: the same as before."""
        if self._pending is not None:
            self._whole(self._pending, last or self._pending.moment)
            self._pending = None

    def take(self, keep: int) -> Iterator[Step]:
        """Whole steps in order, but for the last so many."""
        while len(self._held) > keep:
            yield self._held.popleft()

    def cut(self) -> Iterator[Step]:
        """All whole steps, when nothing more is told of it: the last one is truncated.

        The step that is under way is lost.
        """
        self.over = True
        yield from self.part()

    def part(self) -> Iterator[Step]:
        """The same of an agent that goes on, by a policy that has nothing to do with it."""
        self._pending = None
        if self._held and self._held[-1].status == ACTS:
            self._held[-1].status = TRUNCATED
        yield from self.take(0)

    def _whole(self, step: Step, after: Moment) -> None:
        step.after = after
        if self.learns:
            self._held.append(step)
