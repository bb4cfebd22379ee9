"""Results of a ladder of many versions, as a mesh that has run for months would have them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

import numpy as np

from mazemesh.v1 import elo_pb2

BOTS = ("bot/random", "bot/wall-follower", "bot/shortest-path")
_NEAR = 40
_FINISHED = 1_700_000_000


class Workload:
    """Duels of two games: versions against versions near them, old ones and bots.

    Each newer version is a little better. Of its matches nine in ten are against one of the 40
    versions around it, the others against any version or bot, as the Matchmaker has them.

    Args:
        players: Versions and bots.
        matches: Of all.
    """

    def __init__(self, players: int, matches: int) -> None:
        rng = np.random.default_rng(1)
        self.names = [*BOTS, *(f"run:{number + 1}" for number in range(players - len(BOTS)))]
        first = rng.integers(0, players, matches)
        near = first + rng.integers(1, _NEAR, matches) * rng.choice((-1, 1), matches)
        second = np.where(rng.random(matches) < 0.9, near, rng.integers(0, players, matches))
        second = np.clip(second, 0, players - 1)
        second = np.where(second == first, (first + 1) % players, second)
        strengths = np.concatenate([[600.0, 900.0, 1500.0], np.linspace(600, 1800, players - 3)])
        odds = 10.0 ** ((strengths[first] - strengths[second]) / 400.0)
        self._wins = rng.random((2, matches)) < odds / (1.0 + odds)
        self._first, self._second = first, second
        self._ids = random.Random(1)

    def requests(self, size: int) -> Iterator[bytes]:
        """All of them as encoded RecordResults requests of so many results."""
        for start in range(0, len(self._first), size):
            results = self._results(start, min(start + size, len(self._first)))
            yield b"".join(_field(_RESULTS, result) for result in results)

    def _results(self, start: int, end: int) -> Iterator[bytes]:
        """Encoded results. Those of a message stand one after the other, so parts can be reused."""
        for number, one, other, games in zip(
            range(start, end),
            self._first[start:end].tolist(),
            self._second[start:end].tolist(),
            self._wins[:, start:end].T.tolist(),
            strict=True,
        ):
            # Random as those of the Matchmaker.
            match_id = str(uuid.UUID(int=self._ids.getrandbits(128)))
            head = elo_pb2.MatchResult(
                match_id=match_id,
                ladder="race",
                seed=number + 1,
                rules_hash="0123456789abcdef",
                participants=(self.names[one], self.names[other]),
            )
            tail = _OF_GAMES[games[0], games[1]].replace(_ID.encode(), match_id.encode())
            yield head.SerializeToString() + tail


def _field(number: int, content: bytes) -> bytes:
    """A field of a length from 128 to 16,383 on the wire."""
    size = len(content)
    return bytes((number << 3 | 2, size & 0x7F | 0x80, size >> 7)) + content


def _games(first: bool, second: bool) -> bytes:
    """The games of a match that were won or lost, and when it ended."""
    result = elo_pb2.MatchResult(
        games=[
            elo_pb2.GameOutcome(
                game_id=f"{_ID}/{rotation}",
                rotation=rotation,
                scores=(float(won), float(not won)),
                steps=[60],
                termination=elo_pb2.TERMINATION_FINISHED,
            )
            for rotation, won in enumerate((first, second))
        ]
    )
    result.finish_time.seconds = _FINISHED
    return result.SerializeToString()


_ID = "x" * 36
_OF_GAMES = {(one, two): _games(one, two) for one in (False, True) for two in (False, True)}
_RESULTS: int = (
    elo_pb2.DESCRIPTOR.message_types_by_name["RecordResultsRequest"]
    .fields_by_name["results"]
    .number
)
