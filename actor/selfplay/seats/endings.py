"""What a step did to some seats of the games."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.client.game.game import Step
from mazemesh.collecting.step import OVER, RUNNING, TRUNCATED

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Seats:
    """Seats [n] of games [n], and the rows [n] of a collector that they feed; all intp.

    Attributes:
        games: Ascending.
        seats: Within a game ascending.
        rows: As `SeatRows` says.
        flat: games * seats of a game + seats.
        all: Whether they are all seats of all games.
    """

    games: Indices
    seats: Indices
    rows: Indices
    flat: Indices
    all: bool

    @classmethod
    def of(cls, row: Indices) -> Seats:
        """Those that have a row, of rows [B, seats]."""
        games, seats = np.nonzero(row >= 0)
        flat = games * row.shape[1] + seats
        return cls(games, seats, row[games, seats], flat, len(flat) == row.size)

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, which: npt.NDArray[np.bool_]) -> Seats:
        """Those of them that a mask bool [n] keeps."""
        if which.all():
            return self
        kept = (self.games[which], self.seats[which], self.rows[which], self.flat[which])
        return Seats(*kept, all=False)

    def take(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Their rows [n, ...] of an array [B, seats, ...]; a mere view of all."""
        rows = array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])
        return rows if self.all else rows.take(self.flat, axis=0)


@dataclass(frozen=True)
class Ending:
    """Second half of a step, of n seats.

    Attributes:
        seats: Who they were.
        reward: float32 [n].
        status: uint8 [n], as in game.proto; OVER too where a move goes on, as its seat waits for
            others, and where there was none.
        success: bool [n], the step ended the game and the seat did what it is about.
        truncated: Indices [m] of the seats whose episode this step truncated.
        observation: [m, D], what they saw last.
        action_mask: uint8 [m, A].
    """

    seats: Seats
    reward: npt.NDArray[np.float32]
    status: npt.NDArray[np.uint8]
    success: npt.NDArray[np.bool_]
    truncated: Indices
    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, step: Step, seats: Seats, moving: npt.NDArray[np.bool_]) -> Ending:
        """Of seats that are still as they were when the step was played.

        `moving` bool [rows] tells which rows have a move of which nothing has come yet.
        """
        status = _status(step, seats)
        if len(step.acting):
            goes_on = (status == RUNNING) & ~seats.take(step.acting)
            status = np.where(goes_on | ~moving[seats.rows], OVER, status).astype(np.uint8)
        truncated = _NOBODY
        if len(step.ended_games) or len(step.seat_status):
            (truncated,) = (status == TRUNCATED).nonzero()
        observation, mask = _last_seen(step, seats, truncated)
        success = _successes(step, seats)
        return cls(seats, seats.take(step.reward), status, success, truncated, observation, mask)


def _status(step: Step, seats: Seats) -> npt.NDArray[np.uint8]:
    if len(step.seat_status):
        return seats.take(step.seat_status)
    if seats.all and step.reward.shape[1] == 1:
        return step.status
    return step.status.take(seats.games)


_NOBODY = np.zeros(0, np.intp)


def _successes(step: Step, seats: Seats) -> npt.NDArray[np.bool_]:
    if not len(step.ended_games):
        return np.zeros(len(seats), np.bool_)
    success = np.zeros(step.reward.shape, np.bool_)
    success[step.ended_games] = step.ended_successes
    return seats.take(success)


def _last_seen(
    step: Step, seats: Seats, truncated: Indices
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
    """Of seats that were truncated: as long as their game goes on, they see it still."""
    if not len(truncated):  # as in most steps
        return step.final_observation[:0, 0], step.final_action_mask[:0, 0]
    games, places = seats.games[truncated], seats.seats[truncated]
    observation, mask = step.observation[games, places], step.action_mask[games, places]
    over = step.status[games] != RUNNING
    if over.any():
        ended = step.ended_games
        cut = ended[step.status[ended] == TRUNCATED]
        rows = np.searchsorted(cut, games[over])
        observation[over] = step.final_observation[rows, places[over]]
        mask[over] = step.final_action_mask[rows, places[over]]
    return observation, mask
