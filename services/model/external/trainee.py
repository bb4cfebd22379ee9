"""A policy that learns from agents of simulators: how it acts, and what becomes of their steps.

Steps of an agent go into one row of a collector. A row is taken by one agent after the other, the
one that has waited longest first, as an actor's rows are: so an unroll goes from the last step of
an agent straight to the first of another, and is filled soon.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.acting import LADDER, Acting, Collector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import OVER, Consequence, Decision
from mazemesh.errors import ResourceExhausted
from mazemesh.games.spaces import Space
from mazemesh.games.spaces.arrays import action_dtype
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.heads import logits_width
from services._harness.pacing import paced
from services._harness.shielded import Shielded
from services.model.external.agents import Step
from services.model.external.recorder import Recorder
from services.model.external.turns import TRUNCATED

Array = npt.NDArray[Any]
Float = npt.NDArray[np.float32]

BLOCK_ROWS: Final = 64
MOST_ROWS: Final = 4096
_PART_STEPS: Final = 4096
"""That are put in order at once."""


class Method(Protocol):
    """How a run collects, as its versions say (`wire.external.external_collection`)."""

    observation: Space
    action: Space
    table: str
    batch_rows: int
    batches_ahead: int
    write_rows: int
    explores_in_turn: bool

    def acting(self, rows: int, rng: np.random.Generator) -> Acting:
        """How so many agents act."""
        ...

    def collector(self, rows: int, state_size: int) -> Collector:
        """What makes rows of experience of their steps."""
        ...

    def deciding(self) -> Deciding:
        """What actions are drawn from."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where an agent's steps go.

    Attributes:
        trainee: Whose agent it is.
        row: Of all blocks.
        episode: Of `LADDER` episodes, one after the other, which.
    """

    trainee: Trainee
    row: int
    episode: int


class Trainee:
    """A policy that learns by one method.

    Args:
        name: Of the policy.
        collection: What its versions say of collecting, as they came.
        method: The same, read.
        state_size: Of what it remembers.
        recorder: Writes its experience.
        rng: Source of draws.

    Attributes:
        agents: That it has now.
    """

    def __init__(
        self,
        name: str,
        collection: bytes,
        method: Method,
        state_size: int,
        recorder: Recorder,
        rng: np.random.Generator,
    ) -> None:
        self.name, self.collection, self.state_size = name, collection, state_size
        self.method, self.recorder = method, recorder
        self.shown = Shown(method.observation, method.action)
        self.deciding = method.deciding()
        self._acting = method.acting(MOST_ROWS, rng)
        self._blocks = [_Block(self)]
        self._free: deque[int] = deque()
        self._fresh = 0
        self._episodes = 0
        self._in_turn, self._learning = asyncio.Lock(), Shielded()
        self.agents = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is learned from now; what it wrote may wait for Replay still."""
        return self._learning.is_idle

    async def learned(self) -> None:
        """Returns when rows are made of all that was handed over."""
        await self._learning.join()

    @property
    def size_bytes(self) -> int:
        """Of what its collectors hold, about."""
        return len(self._blocks) * self.block_bytes

    @property
    def block_bytes(self) -> int:
        """Of one more block."""
        return BLOCK_ROWS * self._blocks[0].collector.signature.row_bytes

    def take_place(self, room: int) -> Place:
        """A row for a new agent; a further block has to have at most `room` bytes.

        Raises:
            ResourceExhausted: there is none.
        """
        rows = len(self._blocks) * BLOCK_ROWS
        if not self._free and self._fresh == rows:
            if rows >= MOST_ROWS or self.block_bytes > room:
                raise ResourceExhausted(
                    f"{self.name} learns from {self.agents} agents now; there is no room for more. "
                    "End some, or begin later"
                )
            self._blocks.append(_Block(self))
        self.agents += 1
        self._episodes += 1
        if self._free:
            row = self._free.popleft()
        else:
            row, self._fresh = self._fresh, self._fresh + 1
        return Place(self, row, self._episodes % LADDER)

    def give_back(self, place: Place) -> None:
        """Its agent has ended."""
        self.agents -= 1
        self._free.append(place.row)

    def act(self, logits: Float, mask: npt.NDArray[np.uint8], places: Sequence[Place]) -> Array:
        """Actions [n] for agents at some places, packed, as they go into experience."""
        order = np.argsort([place.row for place in places], kind="stable")
        chosen = [
            place.episode if self.method.explores_in_turn else place.row
            for place in (places[index] for index in order.tolist())
        ]
        drawn = self._acting.student(logits[order], mask[order], np.array(chosen, np.intp))
        actions = np.empty_like(drawn)
        actions[order] = drawn
        return actions

    def played(self, actions: Array) -> Array:
        """Those actions within their bounds, as they are carried out."""
        columns = self.shown.actions(actions)
        given = columns if len(columns) > 1 else next(iter(columns.values()))
        return self.shown.pack_actions(self.deciding.bounded(given))

    def learn(self, steps: Sequence[tuple[Place, Step]]) -> asyncio.Task[None]:
        """Begins to make rows of whole steps of agents, those of each in order.

        It goes to its end, after what was handed over before, with a turn for everybody else now
        and then: agents whose rewards may be late hold many steps, and all of them may end at once.
        """
        return self._learning.begin(self._learn(steps))

    async def _learn(self, steps: Sequence[tuple[Place, Step]]) -> None:
        async with self._in_turn:
            async for block, chosen, version in paced(_together(steps)):
                self._blocks[block].add(chosen, version)


def _together(
    steps: Sequence[tuple[Place, Step]],
) -> Iterator[tuple[int, list[tuple[int, Step]], int]]:
    """Steps that a block takes at once: its number, steps by row, each once, and their version."""
    for first in range(0, len(steps), _PART_STEPS):
        blocks: dict[int, dict[int, list[Step]]] = {}
        for place, step in steps[first : first + _PART_STEPS]:
            block, row = divmod(place.row, BLOCK_ROWS)
            blocks.setdefault(block, {}).setdefault(row, []).append(step)
        for block, rows in blocks.items():
            for number in range(max(map(len, rows.values()))):
                by_version: dict[int, list[tuple[int, Step]]] = {}
                for row, own in rows.items():
                    if number < len(own):
                        by_version.setdefault(own[number].version, []).append((row, own[number]))
                for version, chosen in by_version.items():
                    yield block, chosen, version


class _Block:
    """Rows of one collector, as arrays of all of them; what nobody's step is in is not read."""

    def __init__(self, trainee: Trainee) -> None:
        rows, shown, states = BLOCK_ROWS, trainee.shown, (BLOCK_ROWS, trainee.state_size)
        action = trainee.method.action
        self.collector = trainee.method.collector(rows, trainee.state_size)
        self._recorder, self._states = trainee.recorder, bool(trainee.state_size)
        self._seen, self._next = shown.empty(rows), shown.empty(rows)
        self._mask = np.zeros((rows, shown.mask_size), np.uint8)
        self._next_mask = np.ones_like(self._mask)
        self._action = np.zeros(rows, action_dtype(action))
        self._logits = np.zeros((rows, logits_width(action)), np.float32)
        self._state, self._next_state = np.zeros(states, np.float32), np.zeros(states, np.float32)
        self._value, self._reward = np.zeros(rows, np.float32), np.zeros(rows, np.float32)
        self._nobody = np.zeros(rows, np.uint64)

    def add(self, steps: Sequence[tuple[int, Step]], version: int) -> None:
        """One step in each of some rows, all by one version."""
        status = np.full(BLOCK_ROWS, OVER, np.uint8)
        success = np.zeros(BLOCK_ROWS, np.bool_)
        cut: list[int] = []
        for row, step in sorted(steps, key=lambda one: one[0]):
            self._fill(row, step)
            status[row], success[row] = step.status, step.success
            if step.status == TRUNCATED:
                cut.append(row)
        decision = Decision(
            observation=self._seen,
            action_mask=self._mask,
            action=self._action,
            logits=self._logits,
            policy_version=version,
            state=self._state,
            opponent=self._nobody,
        )
        truncated = np.array(cut, np.intp)
        consequence = Consequence(
            reward=self._reward,
            status=status,
            observation=self._next,
            action_mask=self._next_mask,
            value=self._value,
            success=success,
            truncated_games=truncated,
            final_observation=self._next[truncated],
            final_action_mask=self._next_mask[truncated],
            final_value=self._value[truncated],
            state=self._next_state,
            final_state=self._next_state[truncated],
        )
        experience = self.collector.add(decision, consequence)
        if experience is not None:
            self._recorder.put(experience)

    def _fill(self, row: int, step: Step) -> None:
        moment, after = step.moment, step.after
        assert after is not None
        self._seen[row], self._next[row] = moment.observation, after.observation
        self._mask[row], self._next_mask[row] = moment.mask, after.mask
        self._action[row], self._logits[row] = step.action, step.logits
        self._reward[row], self._value[row] = step.reward, after.value
        if self._states:
            self._state[row] = moment.state
            self._next_state[row] = after.state if len(after.state) else 0.0
