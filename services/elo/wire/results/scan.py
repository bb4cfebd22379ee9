"""Results as columns straight from their bytes: for large calls, and for reading the log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mazemesh.names import LADDER, PLAYER, Grammar
from services.elo.log.batch import Batch, Duels
from services.elo.wire.results import scan_kernels
from services.elo.wire.results.scan_kernels import SPANS
from services.elo.wire.validation import MOST_RESULTS, MOST_SCORES

_LEAST_BYTES_OF_A_GAME = 12
_KNOWN_NAMES = 100_000

_players: dict[Grammar, set[str]] = {}
_ladders: set[str] = set()


def request(data: bytes, participant: Grammar = PLAYER) -> Batch | None:
    """The results of a RecordResultsRequest; None for whatever is not plainly right.

    `participant` is the grammar of whoever takes part.
    """
    room = _Room(MOST_RESULTS, data)
    count = scan_kernels.request(room.data, *room.columns)
    if count < 1 or 2 * int(room.games[:count].sum()) > MOST_SCORES:
        return None
    duels = room.duels(count)
    if not _right(duels, participant):
        return None
    starts, ends = room.spans[:count, 0].tolist(), room.spans[:count, 1].tolist()
    return Batch(
        room.texts(count, 2),
        [data[start:end] for start, end in zip(starts, ends, strict=True)],
        duels,
    )


def payloads(entries: Sequence[bytes]) -> Duels | None:
    """What entries of the log say; None unless all are duels in the form of `payload`."""
    data = b"".join(entries)
    room = _Room(len(entries), data)
    ends = np.cumsum(np.fromiter(map(len, entries), np.int64, len(entries)))
    count = scan_kernels.payloads(room.data, ends, *room.columns)
    return room.duels(count) if count >= 0 else None


class _Room:
    """What the kernels fill, for so many results in a message."""

    def __init__(self, results: int, data: bytes) -> None:
        self.data = np.frombuffer(data, np.uint8)
        # Characters of one byte each, so that places in the bytes are places in the text.
        self._text = data.decode("latin-1")
        self.spans = np.empty((results, SPANS), np.int64)
        self.games, self.starts, self.finishes = np.empty((3, results), np.int64)
        self.scores = np.empty((len(data) // _LEAST_BYTES_OF_A_GAME + 1, 2))
        self.seats = np.empty(len(self.scores), np.int64)
        self.columns = (
            *(self.spans, self.games, self.starts, self.scores, self.finishes),
            self.seats,
        )

    def texts(self, count: int, place: int) -> list[str]:
        """What stands in a span of each of the first results."""
        text = self._text
        starts, ends = self.spans[:count, place].tolist(), self.spans[:count, place + 1].tolist()
        return [text[start:end] for start, end in zip(starts, ends, strict=True)]

    def duels(self, count: int) -> Duels:
        """The first results."""
        games = self.games[:count]
        return Duels(
            self.texts(count, 4),
            self.texts(count, 6),
            self.texts(count, 8),
            games,
            self.starts[:count],
            self.scores[: int(games.sum())].copy(),
            self.finishes[:count],
            self.seats[: int(games.sum())].copy(),
        )


def _right(duels: Duels, participant: Grammar) -> bool:
    """Whether all names are; those that were found right are remembered."""
    known_players = _players.setdefault(participant, set())
    players = {*duels.ones, *duels.others} - known_players
    ladders = {*duels.ladders} - _ladders
    if not (all(map(participant.accepts, players)) and all(map(LADDER.accepts, ladders))):
        return False
    for known, new in ((known_players, players), (_ladders, ladders)):
        if len(known) + len(new) > _KNOWN_NAMES:
            known.clear()
        known |= new
    return True
