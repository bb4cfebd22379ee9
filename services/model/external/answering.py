"""Answers turns: those who wait for one policy ask it together, and what it says is theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import MazemeshError
from mazemesh.games.spaces.arrays import action_dtype
from services.model.external.agents import NOTHING
from services.model.external.kinds import Kind
from services.model.external.simulator import Ask, Simulator, Work, by_policy, stacked
from services.model.external.simulators import Simulators
from services.model.external.turns import Acted, Answered, Told, Waits
from services.model.inference.calls import Answer, Asked
from services.model.inference.layout import STATE, Given

Array = npt.NDArray[Any]
Float = npt.NDArray[np.float32]

TELL_SECONDS: Final = 1.0
"""After which a simulator is told for whom it waits, and why, where that is another reason."""


class Answering:
    """Answers the turns of one simulator.

    Args:
        everyone: What all simulators share.
        simulator: Whose turns.
        tell: Takes what it is to be told.
    """

    def __init__(
        self, everyone: Simulators, simulator: Simulator, tell: Callable[[Told], None]
    ) -> None:
        self._everyone, self._simulator, self._tell = everyone, simulator, tell

    async def answer(self, work: Work) -> None:
        """Has all who wait in a turn answered, and tells it."""
        groups = [_Group(kind, asks) for kind, asks in work.groups]
        asking = [self._ask(kind, asks, groups) for kind, asks in by_policy(work.groups)]
        if len(asking) == 1:
            await asking[0]
        elif asking:
            await asyncio.gather(*asking)
        await self._simulator.flush()
        trainees = self._everyone.trainees
        left_out = trainees.left_out_of(self._simulator.names)
        self._tell(Answered(work.sequence, [group.acted() for group in groups], left_out))

    async def _ask(self, kind: Kind, asks: list[Ask], groups: Sequence[_Group]) -> None:
        """Asks one policy for some agents of a kind. What goes wrong ends their episodes."""
        try:
            if asks[0].agent.learns:
                await self._wait(asks)
            asks = [ask for ask in asks if not ask.agent.is_gone]  # some may be over by now
            if not asks:
                return
            answer, moments = await self._infer(kind, asks)
            self._take(kind, asks, groups, answer, moments)
        except MazemeshError as error:
            there = (ask.episode for ask in asks if not ask.agent.is_gone)
            for number in dict.fromkeys(there):
                self._fail(number, error)

    def _fail(self, number: int, error: MazemeshError) -> None:
        self._tell(self._simulator.fail(number, error))

    async def _wait(self, asks: Sequence[Ask]) -> None:
        """Waits until the learner takes experience, and says so where that is long."""
        agents = [ask.agent for ask in asks]
        recorder = (await self._everyone.settle(agents, agents[0].policy)).recorder
        if not recorder.reason():
            return
        waiting, told = asyncio.ensure_future(recorder.ready()), ""
        try:
            # Replay that is away is known a while after a learner might have been slow.
            while not (await asyncio.wait({waiting}, timeout=TELL_SECONDS))[0]:
                reason = recorder.reason()
                if reason not in ("", told):
                    self._tell(Waits(recorder.policy, told := reason))
            await waiting
        finally:
            waiting.cancel()

    async def _infer(self, kind: Kind, asks: Sequence[Ask]) -> tuple[Answer, list[Any]]:
        moments = [ask.moment for ask in asks]
        observation, mask = stacked(moments)
        columns = kind.shown.observations(observation)
        if kind.shown.mask_size:
            columns |= kind.shown.action_masks(mask)
        given = [Given(name, one.dtype.name, one.tobytes()) for name, one in columns.items()]
        _, model = await self._everyone.inference.ready(asks[0].agent.policy)
        size = model.layout.state_size
        if size:
            for ask in asks:
                held = ask.agent.state
                ask.moment.state = held if len(held) == size else np.zeros(size, np.float32)
            states = np.stack([ask.moment.state for ask in asks])
            given.append(Given(STATE, "float32", states.tobytes()))
        asked = Asked(
            asks[0].agent.policy,
            len(asks),
            given,
            outputs=None,
            size_bytes=sum(len(one.data) for one in given),
        )
        return await self._everyone.infer(asked), moments

    def _take(
        self,
        kind: Kind,
        asks: Sequence[Ask],
        groups: Sequence[_Group],
        answer: Answer,
        moments: Sequence[Any],
    ) -> None:
        told = _Told(answer)
        if not asks[0].agent.learns:
            actions = kind.shown.pack_actions(_by_name(told.actions()))
            for index, ask in enumerate(asks):
                self._next(ask, told.state(index))
                groups[ask.group].put(ask, actions[index], answer.version.number)
            return
        values = told.values()
        acting = [i for i, ask in enumerate(asks) if ask.row >= 0 and not ask.agent.is_gone]
        if acting:
            trainee = asks[acting[0]].agent.place.trainee
            logits = told.logits()[acting]
            masks = np.stack([moments[i].mask for i in acting])
            drawn = trainee.act(logits, masks, [asks[i].agent.place for i in acting])
            played = trainee.played(drawn)
        for index, ask in enumerate(asks):
            ask.moment.value = float(values[index])
            if ask.row < 0 and not ask.agent.is_gone:
                ask.agent.asking = False
                ask.agent.finish(ask.moment)
                self._simulator.settle(ask.agent)
        for place, index in enumerate(acting):
            ask = asks[index]
            self._next(ask, told.state(index))
            ask.agent.begin(ask.moment, drawn[place], logits[place], answer.version.number)
            groups[ask.group].put(ask, played[place], answer.version.number)
            self._simulator.settle(ask.agent)

    def _next(self, ask: Ask, state: Float) -> None:
        self._everyone.counts.actions += 1
        ask.agent.asking = False
        ask.agent.state = state
        if not ask.agent.learns and not ask.agent.acted:
            ask.agent.begin(ask.moment, NOTHING, NOTHING, 0)


class _Group:
    """The `Rows` of a turn, and the actions of those that act in them."""

    def __init__(self, kind: Kind, asks: list[Ask]) -> None:
        self.kind, self.asks = kind, asks
        count = sum(ask.row >= 0 for ask in asks)
        self._actions = np.zeros(count, action_dtype(kind.action))
        self._versions = [0] * count
        self._there = np.zeros(count, np.bool_)

    def put(self, ask: Ask, action: Any, version: int) -> None:
        """The action of one."""
        self._actions[ask.row], self._versions[ask.row] = action, version
        self._there[ask.row] = not ask.agent.is_gone

    def acted(self) -> Acted:
        """All, but for those whose episode is over by now."""
        there = [ask for ask in self.asks if ask.row >= 0 and self._there[ask.row]]
        there.sort(key=lambda ask: ask.row)
        rows = [ask.row for ask in there]
        return Acted(
            self.kind.name,
            [ask.episode for ask in there],
            [ask.number for ask in there],
            self.kind.columns(self._actions[rows]),
            [self._versions[row] for row in rows],
        )


class _Told:
    """An answer with all outputs, as arrays."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self._rows = answer, answer.part.rows
        layout = answer.layout
        self._outputs = layout.outputs
        self._first = layout.actions
        self._value = next(i for i, one in enumerate(self._outputs) if one.name == "value")
        self._states: Float | None = None
        if layout.state_size:
            self._states = self._array(layout.next_state)

    def _array(self, index: int) -> Array:
        one = self._outputs[index]
        data = np.frombuffer(self._answer.column(index), one.dtype)
        return data.reshape(self._rows, *one.shape)

    def actions(self) -> dict[str, Array]:
        """By column."""
        return {self._outputs[i].name: self._array(i) for i in range(self._first)}

    def logits(self) -> Float:
        """Of all heads, float32 [n, W]."""
        parts = [self._array(i) for i in range(self._first, self._value)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def values(self) -> Float:
        """float32 [n]."""
        return self._array(self._value)

    def state(self, index: int) -> Float:
        """What one remembers next."""
        return NOTHING if self._states is None else self._states[index]


def _by_name(columns: dict[str, Array]) -> Any:
    return columns if len(columns) > 1 else next(iter(columns.values()))
