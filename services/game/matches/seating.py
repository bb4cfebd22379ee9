"""A game that is played seat by seat: turns, who has acted, and who was too late."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition, MazemeshError, PermissionDenied
from mazemesh.games.bots import EXTERNAL
from mazemesh.games.spaces.choosing import check_actions
from services._harness.broadcast import Broadcast, wait
from services.game.matches.match import Board
from services.game.matches.recorder import Recorder
from services.game.play.batch import RUNNING, Actions, Report
from services.game.play.hold import Hold
from services.game.play.outcome import Outcome
from services.game.play.stepping import Stepping


@dataclass(frozen=True, slots=True)
class SeatTurn:
    """What a seat sees when it has to move, by column; `deadline` in seconds since the epoch."""

    step: int
    observation: tuple[npt.NDArray[Any], ...]
    action_mask: tuple[npt.NDArray[np.uint8], ...]
    reward: float
    deadline: float


class SeatedGame:
    """One game whose seats are taken one by one.

    It begins when all are taken, and goes on whether their players stay or not: who does not act in
    time stays where it is (action 0, or what is legal in its place). A seat that has left the game
    before the others, or waits for them, has no turns meanwhile.

    Attributes:
        board: where the game is played, alone.
        holds: by seat that the server does not play, the stream that plays it.
    """

    def __init__(
        self, board: Board, stepping: Stepping, recorder: Recorder, move_timeout: float
    ) -> None:
        self.board = board
        self.game = board.games[0]
        self.holds = {
            seat: Hold(f"seat {seat} of game {self.game.game_id!r}")
            for seat, controller in enumerate(self.game.controllers)
            if controller == EXTERNAL
        }
        self._stepping = stepping
        self._recorder = recorder
        self._move_timeout = move_timeout
        self._owners: dict[int, str] = {}
        self._deadline = 0.0
        self._turn = -1
        # Between its begin and the step: while a thread steps the engine, nobody looks into it.
        self._turn_runs = False
        self._acting = np.zeros(0, np.bool_)
        engine = board.batch.engine
        self._actions = np.zeros_like(engine.taken)
        self._earned = np.zeros(engine.reward.shape[1], np.float32)
        self._to_join = set(self.holds)
        # Since when nobody is at a seat, by a monotonic clock.
        self._empty_since = dict.fromkeys(self.holds, stepping.clock())
        self._to_act: set[int] = set()
        self._all_acted = asyncio.Event()
        self._changed = Broadcast()
        self._play: asyncio.Task[None] | None = None

    @property
    def open_seats(self) -> int:
        """Seats that nobody has taken yet."""
        return len(self._to_join)

    def empty_since(self) -> dict[int, float]:
        """Seats at which nobody is, and since when, by a monotonic clock."""
        return dict(self._empty_since)

    def leave(self, seat: int) -> None:
        """The stream of a seat has ended; another may have taken its place already."""
        if not self.holds[seat].held:
            self._empty_since[seat] = self._stepping.clock()

    def release(self, seat: int) -> None:
        """The seat is another player's from now on, who may come with another key."""
        self._owners.pop(seat, None)

    def claim(self, seat: int, owner: str) -> None:
        """The seat belongs to the first who takes it: nobody else comes back to it.

        Raises:
            PermissionDenied: it is another owner's.
        """
        if self._owners.setdefault(seat, owner) != owner:
            raise PermissionDenied(
                f"join.seat_token: seat {seat} of game {self.game.game_id!r} was taken with "
                "another key"
            )

    def join(self, seat: int) -> None:
        """The player of a seat is there; the last one begins the game."""
        self.board.touched = self._stepping.clock()
        self._to_join.discard(seat)
        self._empty_since.pop(seat, None)
        if not self._to_join and self._play is None:
            self._play = asyncio.create_task(self._play_on(), name=f"play {self.game.game_id}")

    def act(self, seat: int, step: int, action: Actions) -> None:
        """Takes the action of a seat; until all have acted, a later one replaces it.

        Args:
            seat: Who acts.
            step: Of the turn that is answered.
            action: [1, 1], as of one game of one seat.

        Raises:
            FailedPrecondition: the step is not the current turn's.
            InvalidArgument: there is no such action.
        """
        if step != self._turn or not self._turn_runs:
            over = "" if self._turn_runs else ", which is over"
            raise FailedPrecondition(f"act.step is {step}; the current turn is {self._turn}{over}")
        if not self._acting[seat]:
            raise FailedPrecondition(f"act.step is {step}, in which seat {seat} has no move")
        space = self.board.batch.engine.spec.action_space
        check_actions(space, action, np.ones((1, 1), np.bool_), "act.action")
        self._actions[0, seat] = action[0, 0]
        self.board.touched = self._stepping.clock()
        self._to_act.discard(seat)
        if not self._to_act:
            self._all_acted.set()

    async def news(self, seat: int, after: int) -> SeatTurn | Outcome:
        """A seat's next turn after step `after` (-1: any), or how the game ended, once saved."""
        while True:
            changed = self._changed.ticket()
            if self.game.outcome is not None:
                await self._recorder.save(self.board)
                return self.game.outcome
            if self._turn_runs and self._turn > after and self._acting[seat]:
                return self._seat_turn(seat)
            await wait(changed)

    def stop(self, reason: MazemeshError) -> None:
        """Ends the streams of all seats; the game goes on unless it was taken out."""
        for hold in self.holds.values():
            hold.end(reason)
        if self.game.outcome is None and not self.game.match.alive and self._play is not None:
            self._play.cancel()

    async def _play_on(self) -> None:
        while not self.board.over:
            self._begin_turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._move_timeout):
                    await self._all_acted.wait()
            self._turn_runs = False
            batch = self.board.batch
            if self._stepping.is_inline(batch):
                report = self._stepping.step(batch, self._actions)
            else:
                report, _ = await self._stepping.step_in_thread(batch, self._actions, _nothing)
            # What was earned while others moved belongs to the move before.
            self._earned = batch.engine.reward[0] + np.where(
                self._acting, np.float32(0), self._earned
            )
            self.board.settle(report, self.board.touched, self._stepping.time())
        self._changed.notify()
        await self._recorder.save(self.board)

    def _begin_turn(self) -> None:
        self._turn = int(self.board.batch.engine.steps[0])
        self._deadline = self._stepping.time() + self._move_timeout
        self._actions[...] = np.zeros((), self._actions.dtype)
        # In foreign games a seat may have left, or wait for others.
        self._acting = self._who_acts()
        self._to_act = {seat for seat in self.holds if self._acting[seat]}
        self._all_acted.clear()
        if not self._to_act:
            self._all_acted.set()
        self._turn_runs = True
        self._changed.notify()

    def _who_acts(self) -> npt.NDArray[np.bool_]:
        engine = self.board.batch.engine
        if len(engine.acting):
            acting: npt.NDArray[np.bool_] = engine.acting[0].copy()
            return acting
        if len(engine.seat_status) and engine.steps[0]:
            running: npt.NDArray[np.bool_] = engine.seat_status[0] == RUNNING
            return running
        return np.ones(engine.spec.seats, np.bool_)

    def _seat_turn(self, seat: int) -> SeatTurn:
        engine = self.board.batch.engine
        return SeatTurn(
            step=self._turn,
            observation=tuple(a[0, seat].copy() for a in engine.observations.values()),
            action_mask=tuple(a[0, seat].copy() for a in engine.action_masks.values()),
            reward=float(self._earned[seat]),
            deadline=self._deadline,
        )


def _nothing(report: Report) -> None:
    """Seats are told of a step one by one."""
