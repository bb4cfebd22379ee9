"""Who sits opposite the student in each game, one episode ahead."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import structlog

from mazemesh.client.pauses import jittered
from mazemesh.errors import MazemeshError
from mazemesh.games import bot_code, is_bot
from mazemesh.games.bots import EXTERNAL
from mazemesh.v1.matchmaker_pb2 import Opponent

log = structlog.get_logger()

Outcomes = dict[str, tuple[int, int, int]]
"""Wins, draws and losses of the student by opponent."""


class OpponentPeer(Protocol):
    """What is needed of the Matchmaker (`mazemesh.client.matchmaker.MatchmakerClient`)."""

    def sample_opponents(
        self,
        student: str,
        game: str,
        count: int,
        outcomes: Mapping[str, tuple[int, int, int]],
        request_id: str,
        pool: Sequence[str] = (),
        exploits: str = "",
        sides: int = 2,
    ) -> Sequence[Opponent]:
        """Opponents for the next `count` episodes; takes the outcomes of finished ones."""
        ...


class Supply(Protocol):
    """Where a `SeatPlan` takes opponents from."""

    def take(self) -> str:
        """The opponent of one episode."""
        ...

    def report(self, opponent: str, score: float) -> None:
        """Notes one finished episode: score 1, 0.5 or 0 of the student."""
        ...


class OpponentSupply:
    """Keeps opponents in stock by a thread, so that an episode's end never waits for a call.

    While the Matchmaker does not answer, `take` gives the latest version, and outcomes are kept.

    Args:
        peer: The Matchmaker.
        student: Name of the policy that learns.
        game: Name of the game.
        stop: Ends `fill`.
        pool: Tells the names of further policies whose snapshots are met, as of now.
        exploits: Name of the policy that the student exploits, whose versions alone it meets.
        sides: How many play against each other (`mazemesh.games.ladder.sides`).
        stock: Opponents kept.
    """

    def __init__(
        self,
        peer: OpponentPeer,
        student: str,
        game: str,
        stop: threading.Event,
        *,
        pool: Callable[[], Sequence[str]] = tuple,
        exploits: str = "",
        sides: int = 2,
        stock: int = 512,
    ) -> None:
        self._peer = peer
        self._pool, self._exploits = pool, exploits
        self._student, self._game, self._sides = student, game, sides
        self._stop = stop
        self._stock: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._size = stock
        self._lock = threading.Lock()
        self._outcomes: Counter[tuple[str, int]] = Counter()
        self._wanted = threading.Event()

    def take(self) -> str:
        """The opponent of one episode."""
        if self._stock.qsize() < self._size // 2:
            self._wanted.set()
        try:
            return self._stock.get_nowait()
        except queue.Empty:
            return f"{self._exploits or self._student}:latest"

    def report(self, opponent: str, score: float) -> None:
        """Notes one finished episode: score 1, 0.5 or 0 of the student."""
        with self._lock:
            self._outcomes[opponent, 0 if score > 0.5 else 2 if score < 0.5 else 1] += 1

    def fill(self) -> None:
        """Refills the stock whenever it runs low, until `stop` is set. Runs in a thread."""
        request_id, outcomes = uuid4().hex, self._drain()
        self._wanted.set()
        while not self._stop.is_set():
            if not self._wanted.wait(timeout=0.5):
                continue
            self._wanted.clear()
            count = max(self._size - self._stock.qsize(), 1)
            try:
                opponents = self._peer.sample_opponents(
                    *(self._student, self._game, count, outcomes, request_id),
                    pool=self._pool(),
                    exploits=self._exploits,
                    sides=self._sides,
                )
            except MazemeshError as error:
                # The same request is made again, so that its outcomes count once.
                log.info("no opponents from the matchmaker", reason=str(error))
                self._stop.wait(jittered(0.5))
                self._wanted.set()
                continue
            for opponent in opponents:
                self._stock.put(opponent.policy)
            request_id, outcomes = uuid4().hex, self._drain()

    def _drain(self) -> Outcomes:
        with self._lock:
            counts, self._outcomes = self._outcomes, Counter()
        return {name: _triple(counts, name) for name, _ in counts}


def _triple(counts: Mapping[tuple[str, int], int], name: str) -> tuple[int, int, int]:
    return counts.get((name, 0), 0), counts.get((name, 1), 0), counts.get((name, 2), 0)


class SeatPlan:
    """The seats of B games: the student's, and who holds the others now and in the next episode.

    The student of game g holds seat g % seats throughout, so both sides are learned. Its present
    version plays for its team mates too, and one opponent holds all seats of the other teams; where
    all are of one team there is nobody to oppose.

    Args:
        games: B.
        seats: Of each game.
        supply: Where opponents come from.
        teams: Team of each seat; empty: each plays for itself.

    Attributes:
        student_seat: intp [B].
        allied: bool [B, seats], the seats of the student's team mates.
        opposed: bool [B, seats], the opponent's seats.
        opponent: Names [B], of the present episode; "" where nobody is opposed, and where another
            than the named one plays.
    """

    def __init__(self, games: int, seats: int, supply: Supply, teams: Sequence[int] = ()) -> None:
        self.seats = seats
        self.student_seat: npt.NDArray[np.intp] = np.arange(games) % seats
        team = np.asarray(teams or range(seats))
        self.opposed: npt.NDArray[np.bool_] = team != team[self.student_seat][:, None]
        self.allied: npt.NDArray[np.bool_] = ~self.opposed
        self.allied[np.arange(games), self.student_seat] = False
        self._contested = bool(self.opposed.any())
        self._supply = supply
        self.opponent = [self._draw() for _ in range(games)]
        self._next = [self._draw() for _ in range(games)]

    def controllers(self) -> npt.NDArray[np.int8]:
        """int8 [B, seats] of the present episodes, as OpenSession wants them."""
        return self._controllers(range(len(self.opponent)), self.opponent)

    def announce(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]] | None:
        """The seats of every game's next episode, to send with the first step."""
        return self._reseat(list(range(len(self._next))))

    def ended(
        self, games: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]] | None:
        """Notes outcomes, moves on to the next episode and says who plays the one after.

        Args:
            games: Games that ended, [n].
            scores: [n, seats].

        Returns:
            `reseat` for the next send, or None when nothing changes.
        """
        if not self._contested or not len(games):
            return None
        for row, game in enumerate(games.tolist()):
            if self.opponent[game]:
                self._supply.report(self.opponent[game], self._result(game, scores[row]))
            self.opponent[game] = self._next[game]
            self._next[game] = self._draw()
        return self._reseat(games.tolist())

    def _draw(self) -> str:
        return self._supply.take() if self._contested else ""

    def _result(self, game: int, scores: npt.NDArray[np.float32]) -> float:
        """1, 1/2 or 0: the student's score is above, level with or below its opponents' best.

        What a draw is worth differs from game to game, so the score alone does not tell.
        """
        own, best = scores[self.student_seat[game]], scores[self.opposed[game]].max()
        return 1.0 if own > best else 0.5 if own == best else 0.0

    def _reseat(
        self, games: list[int]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]] | None:
        if not self._contested:
            return None
        controllers = self._controllers(games, [self._next[game] for game in games])
        return np.asarray(games, np.int32), controllers

    def _controllers(self, games: Sequence[int], opponents: Sequence[str]) -> npt.NDArray[np.int8]:
        codes = [bot_code(name) if is_bot(name) else EXTERNAL for name in opponents]
        found = np.where(self.opposed[list(games)], np.asarray(codes)[:, None], EXTERNAL)
        return found.astype(np.int8)
