"""Who holds which seat of the games, one episode ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actor.selfplay.opponents.supply import Supply
from mazemesh.games import bot_code, is_bot
from mazemesh.games.bots import EXTERNAL

Reseat = tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]
"""Games [n] and who holds their seats from their next episodes on, int8 [n, seats]."""

LATEST = ":latest"


@dataclass(frozen=True)
class Part:
    """What one policy that learns has to do with the games.

    Attributes:
        policy: Its name.
        seats: That are its own in every game, ascending.
        supply: Where its opponents come from.
    """

    policy: str
    seats: tuple[int, ...]
    supply: Supply


class SeatPlan:
    """The seats of B games: those that learn, and who holds the others now and in the next episode.

    Each game has a student, whose opponents are drawn: with one part, seat g % seats of game g, so
    that all places are learned; with several, seats of the parts in turn. Present versions hold the
    seats of its team mates too, and they all train. The seats of the other teams are held by the
    opponent, who never trains, unless the opponent is the latest version: then present versions
    hold these seats as well, and all seats of the game train. With several parts an opponent that
    is one of their policies holds the seats of that part alone.

    Where all are of one team there is nobody to oppose, and every seat trains.

    Args:
        games: B.
        seats: Of each game.
        parts: The policies that learn; a supply alone is one part with all seats.
        teams: Team of each seat; empty: each plays for itself.
        student: Name of the policy, where `parts` is a supply.

    Attributes:
        part_of: intp [seats], which part's a seat is, where a present version holds it.
        student_seat: intp [B].
        opposed: bool [B, seats], the seats of other teams than the student's.
        trained: bool [B, seats], those that present versions hold in the present episode.
        mirror: bool [B], whether present versions hold the opposed seats too.
        opponent: Names [B], of the present episode; "" where nobody is opposed, and where another
            than the named one plays.
    """

    def __init__(
        self,
        games: int,
        seats: int,
        parts: Supply | Sequence[Part],
        teams: Sequence[int] = (),
        student: str = "",
    ) -> None:
        self.seats = seats
        if not isinstance(parts, Sequence):
            parts = (Part(student, tuple(range(seats)), parts),)
        self._parts = tuple(parts)
        self.part_of: npt.NDArray[np.intp] = np.zeros(seats, np.intp)
        for number, part in enumerate(self._parts):
            self.part_of[list(part.seats)] = number
        self._part = np.arange(games) % len(self._parts)
        self.student_seat: npt.NDArray[np.intp] = np.array(
            [self._seat_of(game) for game in range(games)], np.intp
        )
        team = np.asarray(teams or range(seats))
        self._team = team
        self.opposed: npt.NDArray[np.bool_] = team != team[self.student_seat][:, None]
        self.contested = bool(self.opposed.any())
        self.trained: npt.NDArray[np.bool_] = np.ones((games, seats), np.bool_)
        self.mirror: npt.NDArray[np.bool_] = np.zeros(games, np.bool_)
        self._latest = {f"{part.policy}{LATEST}" for part in self._parts if part.policy}
        self.opponent = [self._draw(game) for game in range(games)]
        self._next = [self._draw(game) for game in range(games)]
        for game in range(games):
            self._cast(game)

    @property
    def adversary(self) -> npt.NDArray[np.intp]:
        """Intp [seats], the part of the first seat of another team, whom a seat meets in a mirror.

        A seat's own part, where there is none.
        """
        found = self.part_of.copy()
        for seat in range(self.seats):
            others = np.flatnonzero(self._team != self._team[seat])
            if len(others):
                found[seat] = self.part_of[others[0]]
        return found

    def controllers(self) -> npt.NDArray[np.int8]:
        """int8 [B, seats] of the present episodes, as OpenSession wants them."""
        return self._controllers(range(len(self.opponent)), self.opponent)

    def announce(self) -> Reseat | None:
        """The seats of every game's next episode, to send with the first step."""
        return self._reseat(list(range(len(self._next))))

    def ended(self, games: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]) -> Reseat | None:
        """Notes outcomes, moves on to the next episode and says who plays the one after.

        Args:
            games: Games that ended, [n].
            scores: [n, seats].

        Returns:
            `reseat` for the next send, or None when nothing changes.
        """
        if not self.contested or not len(games):
            return None
        for row, game in enumerate(games.tolist()):
            if self.opponent[game]:
                supply = self._parts[self._part[game]].supply
                supply.report(self.opponent[game], self._result(game, scores[row]))
            self.opponent[game] = self._next[game]
            self._next[game] = self._draw(game)
            self._cast(game)
        return self._reseat(games.tolist())

    def stand_in(self, game: int) -> None:
        """Lets present versions hold all seats of a game whose opponent cannot be had.

        What becomes of it tells nothing of the opponent.
        """
        self.opponent[game] = ""
        self.mirror[game] = True
        self.trained[game] = True

    def _seat_of(self, game: int) -> int:
        own = self._parts[int(self._part[game])].seats
        return own[game // len(self._parts) % len(own)]

    def _cast(self, game: int) -> None:
        """Which seats of a game train in its present episode."""
        opponent = self.opponent[game]
        self.mirror[game] = self.contested and opponent in self._latest
        self.trained[game] = True
        if self.contested and not self.mirror[game]:
            self.trained[game] = ~self._held(game, opponent)

    def _held(self, game: int, opponent: str) -> npt.NDArray[np.bool_]:
        """The seats [seats] of a game that its opponent holds."""
        opposed: npt.NDArray[np.bool_] = self.opposed[game]
        name = opponent.rpartition(":")[0]
        if len(self._parts) > 1 and not is_bot(opponent):
            for number, part in enumerate(self._parts):
                if part.policy == name:
                    own: npt.NDArray[np.bool_] = opposed & (self.part_of == number)
                    return own
        return opposed

    def _draw(self, game: int) -> str:
        return self._parts[self._part[game]].supply.take() if self.contested else ""

    def _result(self, game: int, scores: npt.NDArray[np.float32]) -> float:
        """1, 1/2 or 0: the student's score is above, level with or below its opponents' best.

        What a draw is worth differs from game to game, so the score alone does not tell.
        """
        own, best = scores[self.student_seat[game]], scores[self.opposed[game]].max()
        return 1.0 if own > best else 0.5 if own == best else 0.0

    def _reseat(self, games: list[int]) -> Reseat | None:
        if not self.contested:
            return None
        controllers = self._controllers(games, [self._next[game] for game in games])
        return np.asarray(games, np.int32), controllers

    def _controllers(self, games: Sequence[int], opponents: Sequence[str]) -> npt.NDArray[np.int8]:
        codes = [bot_code(name) if is_bot(name) else EXTERNAL for name in opponents]
        found = np.where(self.opposed[list(games)], np.asarray(codes)[:, None], EXTERNAL)
        return found.astype(np.int8)
