"""Opponents by name, and what became of the games against them."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import uuid4

import structlog

from mazemesh.client.calling.pauses import jittered
from mazemesh.errors import MazemeshError
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
        adversaries: Sequence[str] = (),
        *,
        exploits_pool: bool = False,
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
        adversaries: In a run of several policies, those that hold the other sides.
        exploits_pool: Whether the snapshots of `pool` are all that is met.
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
        adversaries: Sequence[str] = (),
        exploits_pool: bool = False,
        stock: int = 512,
    ) -> None:
        self._peer = peer
        self._pool, self._exploits = pool, exploits
        self._student, self._game, self._sides = student, game, sides
        self._adversaries = tuple(adversaries)
        self._exploits_pool = exploits_pool
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
            return f"{self._exploits or next(iter(self._adversaries), self._student)}:latest"

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
                    adversaries=self._adversaries,
                    exploits_pool=self._exploits_pool,
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
