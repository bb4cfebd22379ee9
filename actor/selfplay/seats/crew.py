"""The seats of a session's games that one policy's present version holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from actor.selfplay.seats.endings import Ending, Seats
from actor.selfplay.seats.seat_rows import SeatRows
from mazemesh.client.game.game import Step
from mazemesh.collecting import global_state
from mazemesh.collecting.acting import Acting, Collector
from mazemesh.collecting.global_state import NOT_TOLD
from mazemesh.collecting.step import (
    OVER,
    TERMINATED,
    TRUNCATED,
    Consequence,
    Decision,
    Experience,
)
from mazemesh.policy.memory import SeatMemory
from mazemesh.policy.onnx_policy import OnnxPolicy

Float = npt.NDArray[np.float32]
Digests = npt.NDArray[np.uint64]
Plain = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
"""Makes observations as they came those that a policy takes; valid until it is called again."""


def as_they_are(observation: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of observations that came plain."""
    return observation


@dataclass(frozen=True)
class Trainee:
    """A policy that learns, in one session.

    Attributes:
        current: Its present version.
        acting: How its actions are chosen.
        collector: What becomes of its steps, of as many rows as it may hold seats.
    """

    current: Callable[[], OnnxPolicy]
    acting: Acting
    collector: Collector


@dataclass(frozen=True)
class _Moves:
    """What was decided, in the n seats that had a move, and what was thought of it.

    Attributes:
        decision: [n].
        value: float32 [n], of what was seen.
        final_value: float32 [m], of what was seen last in the episodes that were truncated.
    """

    decision: Decision
    value: Float
    final_value: Float


class Crew:
    """Acts for a trainee in all seats that it holds, and feeds them to its collector.

    Args:
        trainee: Whose seats they are.
        games: B.
        seats: Of each game.
        own: Seats of a game that may be its own.
        memory: Of all seats.
        steady: Whether its seats are always the same and move in every step. Then rows are these
            seats, and arrays are passed on as they come; else a seat without a move is OVER in the
            collector's rows.
        plain: Makes observations what the policy takes.
    """

    def __init__(
        self,
        trainee: Trainee,
        games: int,
        seats: int,
        own: int,
        memory: SeatMemory,
        *,
        steady: bool,
        plain: Plain = as_they_are,
    ) -> None:
        self._plain = plain
        self._trainee, self._memory, self._steady = trainee, memory, steady
        self._capacity = games * own
        self._rows = SeatRows(games, seats)
        self.seats = Seats.of(self._rows.row)
        self._acting = self.seats
        self._moving = np.zeros(self._capacity, np.bool_)
        self._ending: Ending | None = None
        self._final_state: Float
        self._decision: Decision
        self._moves: _Moves
        self._buffers: tuple[Decision, Decision] | None = None
        self._value = np.zeros(self._capacity, np.float32)
        self._by_seat = _BY_SEAT

    @property
    def current(self) -> OnnxPolicy:
        """The present version."""
        return self._trainee.current()

    def take_seats(self, games: list[int], held: npt.NDArray[np.bool_]) -> None:
        """Holds these seats of some games, bool [B, seats], from their episodes' beginning."""
        if self._rows.assign(games, held):
            self.seats = Seats.of(self._rows.row)

    def end(self, step: Step) -> int:
        """Notes what a step did, before seats change; the number of seats that moved in it."""
        self._ending = ending = Ending.of(step, self.seats, self._moving)
        moved = ending.status != OVER
        if len(step.acting):
            self._moving[self.seats.rows[moved]] = False
        games, places = self.seats.games, self.seats.seats
        cut, size = ending.truncated, self.current.state_size
        self._final_state = self._memory.read(games[cut], places[cut], size)
        if size:  # whoever comes back into a game that goes on remembers nothing
            over = (ending.status == TERMINATED) | (ending.status == TRUNCATED)
            nothing = np.zeros((np.count_nonzero(over), size), np.float32)
            self._memory.write(games[over], places[over], nothing)
        return int(np.count_nonzero(moved))

    def act(
        self, step: Step, policy: OnnxPolicy, opponent: Digests, actions: npt.NDArray[Any]
    ) -> None:
        """Chooses the actions of its seats and writes them into `actions` [B, seats].

        `opponent` uint64 [B, seats] is whom each seat meets.
        """
        ending = self._ending
        self._acting = seats = _with_a_move(step, self.seats)
        if len(step.acting):
            self._moving[seats.rows] = True
        count = len(seats)
        observation, mask = seats.take(step.observation), seats.take(step.action_mask)
        state = self._memory.read(seats.games, seats.seats, policy.state_size)
        if ending is not None and len(ending.truncated):
            logits, value, next_state = policy.infer(
                self._plain(np.concatenate([observation, ending.observation])),
                np.concatenate([mask, ending.action_mask]),
                np.concatenate([state, self._final_state]),
            )
        else:
            logits, value, next_state = policy.infer(self._plain(observation), mask, state)
        self._memory.write(seats.games, seats.seats, next_state[:count])
        chosen = self._trainee.acting.student(logits[:count], mask, seats.games)
        actions.reshape(-1)[seats.flat] = chosen
        decision = Decision(
            observation=observation,
            action_mask=mask,
            action=chosen,
            logits=logits[:count],
            policy_version=policy.version,
            state=state,
            opponent=seats.take(opponent),
            global_state=_of_games(step.states, seats),
        )
        self._moves = _Moves(decision, value[:count], value[count:])
        if ending is None:
            self._decision = self._placed(decision)

    def collect(self) -> Experience | None:
        """Adds the step that ended, of which `act` has seen what followed."""
        ending, moves = self._ending, self._moves
        assert ending is not None
        before, self._decision = self._decision, self._placed(moves.decision)
        return self._trainee.collector.add(before, self._consequence(ending, moves))

    def _placed(self, decision: Decision) -> Decision:
        """A decision of n seats in the collector's rows."""
        if self._steady:
            return decision
        if self._buffers is None:
            self._buffers = self._empty(decision), self._empty(decision)
        # The decision before this one stays as it is, in the other.
        placed, other = self._buffers
        self._buffers = other, placed
        rows = self._acting.rows
        waiting = self._waiting()
        for name in self._by_seat:
            getattr(placed, name)[rows] = getattr(decision, name)
            if len(waiting):
                getattr(placed, name)[waiting] = getattr(other, name)[waiting]
        return replace(placed, policy_version=decision.policy_version)

    def _waiting(self) -> npt.NDArray[np.intp]:
        """Rows whose move was made before: what was decided there stays as it is."""
        if self._acting is self.seats:
            return _NO_ROWS
        waits = self._moving.copy()
        waits[self._acting.rows] = False
        return np.flatnonzero(waits)

    def _empty(self, decision: Decision) -> Decision:
        if not decision.global_state.size:
            self._by_seat = tuple(name for name in _BY_SEAT if name != "global_state")
        rows: dict[str, Any] = {
            name: np.zeros((self._capacity, *part.shape[1:]), part.dtype)
            for name in self._by_seat
            for part in [getattr(decision, name)]
        }
        return replace(decision, **rows)

    def _consequence(self, ending: Ending, moves: _Moves) -> Consequence:
        parts: dict[str, Any] = {
            "reward": ending.reward,
            "status": ending.status,
            "success": ending.success,
            "value": moves.value,
            "truncated_games": ending.truncated,
        }
        if not self._steady:
            old = ending.seats.rows
            self._value[self._acting.rows] = moves.value
            parts = {
                "reward": self._spread(ending.reward, old, 0),
                "status": self._spread(ending.status, old, OVER),
                "success": self._spread(ending.success, old, False),
                "value": self._value,
                "truncated_games": old[ending.truncated],
            }
        return Consequence(
            observation=self._decision.observation,
            action_mask=self._decision.action_mask,
            final_observation=ending.observation,
            final_action_mask=ending.action_mask,
            final_value=moves.final_value,
            state=self._decision.state,
            final_state=self._final_state,
            global_state=self._decision.global_state,
            **parts,
        )

    def _spread(self, values: npt.NDArray[Any], rows: npt.NDArray[np.intp], rest: Any) -> Any:
        found = np.full(self._capacity, rest, values.dtype)
        found[rows] = values
        return found


def _of_games(states: Mapping[str, npt.NDArray[Any]], seats: Seats) -> npt.NDArray[Any]:
    """What is told of the seats' games, [n, ...]."""
    return global_state.packed(states).take(seats.games, axis=0) if states else NOT_TOLD


def _with_a_move(step: Step, seats: Seats) -> Seats:
    return seats.only(seats.take(step.acting)) if len(step.acting) else seats


_NO_ROWS = np.zeros(0, np.intp)

_BY_SEAT = tuple(one.name for one in fields(Decision) if one.name != "policy_version")
