"""Where what is served or stored of a ladder is not what its log says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import Floats
from services.elo.standings.folding.points import Points
from services.elo.standings.standings import Standings
from services.elo.store import LadderState

_NUMBERS = ("matches", "wins", "draws", "losses", "last_match_time")
_SKILLS = (
    *("elo_variance", "glicko2", "glicko2_deviation", "glicko2_volatility"),
    *("plackett_luce", "plackett_luce_deviation"),
)
_MATCHES = 4  # of a pair's cells

Bits = npt.NDArray[np.uint64]


class Difference(NamedTuple):
    """One number that is not what it should be.

    Attributes:
        ladder: Of which.
        player: Of whom; empty of the ladder as a whole.
        field: What.
        stored: Whether it is in the database, else in memory.
        found: The number.
        refolded: What the log says.
    """

    ladder: str
    player: str
    field: str
    stored: bool
    found: float
    refolded: float


def of_states(found: LadderState, right: LadderState, *, stored: bool) -> Iterator[Difference]:
    """Of all that is folded of a ladder, both as of the same place in the log."""
    name = right.name
    yield from _numbers(
        *(name, stored, "", ("matches", "high_water")),
        *((found.matches, found.high_water), (right.matches, right.high_water)),
    )
    if list(found.players) != list(right.players):
        yield Difference(name, "", "players", stored, len(found.players), len(right.players))
        return
    columns = (("online_rating", found.ratings, right.ratings),)
    columns += tuple(zip(_NUMBERS, found.numbers, right.numbers, strict=True))
    if found.skills is None or right.skills is None:
        # Stored before there were other models, so nothing to compare, nor seats of pairs.
        yield Difference(name, "", "models", stored, 0.0, float(len(_SKILLS)))
        yield from _columns(name, stored, right.players, columns)
        return
    columns += tuple(zip(_SKILLS, found.skills.T, right.skills.T, strict=True))
    yield from _columns(name, stored, right.players, columns)
    yield from _pairs(name, stored, right.players, found.pairs, right.pairs)


def of_standings(
    ladder: str, found: Standings, right: Standings, *, stored: bool
) -> Iterator[Difference]:
    """Of what was fitted, both as of the same place in the log."""
    if found.names != right.names:
        yield Difference(ladder, "", "fitted_players", stored, len(found.names), len(right.names))
        return
    yield from _numbers(
        *(ladder, stored, "", ("fitted_matches", "log_nu", "seat_effect")),
        *(
            (found.matches, found.log_nu, found.seat[0]),
            (right.matches, right.log_nu, right.seat[0]),
        ),
    )
    columns = [
        (field, getattr(found, column), getattr(right, column))
        for field, column in (
            *(("rating", "ratings"), ("low", "low"), ("high", "high")),
            ("rank", "ranks"),
        )
    ]
    yield from _columns(ladder, stored, right.names, columns)


class Histories:
    """Checksums of the points of players' histories; of the same points whatever their order."""

    def __init__(self) -> None:
        self.sums: dict[str, tuple[Bits, npt.NDArray[np.int64]]] = {}
        """By ladder, of each player's points, and how many those are."""

    def add(self, ladder: str, points: Points) -> None:
        """Takes in points of a ladder."""
        if not len(points):
            return
        sums, counts = self.sums.get(ladder, (np.zeros(0, np.uint64), np.zeros(0, np.int64)))
        missing = int(points.players.max()) + 1 - len(sums)
        if missing > 0:
            sums = np.concatenate([sums, np.zeros(missing + len(sums), np.uint64)])
            counts = np.concatenate([counts, np.zeros(missing + len(counts), np.int64)])
        np.add.at(sums, points.players, _mixed(points))
        counts += np.bincount(points.players, minlength=len(counts))
        self.sums[ladder] = sums, counts

    def differences(
        self, right: Histories, names: dict[str, Sequence[str]]
    ) -> Iterator[Difference]:
        """Where these are not the right ones; `names` are the players of each ladder."""
        for ladder in dict.fromkeys([*self.sums, *right.sums]):
            count = max(len(one.sums[ladder][0]) for one in (self, right) if ladder in one.sums)
            mine, theirs = self.padded(ladder, count), right.padded(ladder, count)
            known = names.get(ladder, ())
            for player in np.flatnonzero((mine[0] != theirs[0]) | (mine[1] != theirs[1])).tolist():
                name = known[player] if player < len(known) else f"#{player}"
                points = float(mine[1][player]), float(theirs[1][player])
                yield Difference(ladder, name, "history", True, *points)

    def padded(self, ladder: str, count: int) -> tuple[Bits, npt.NDArray[np.int64]]:
        """Sums and counts of so many players of a ladder."""
        sums, counts = self.sums.get(ladder, (np.zeros(0, np.uint64), np.zeros(0, np.int64)))
        missing = (0, count - len(sums))
        return np.pad(sums, missing), np.pad(counts, missing)


def _mixed(points: Points) -> Bits:
    """64 bits of each point that depend on all of it (Steele, Lea, Flood 2014, SplitMix64)."""
    bits = np.zeros(len(points), np.uint64)
    columns: tuple[npt.NDArray[Any], ...] = (
        *(points.sequences, points.numbers),
        *(np.ascontiguousarray(points.ratings), np.ascontiguousarray(points.scores)),
    )
    for column in columns:
        bits += column.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits ^= bits >> np.uint64(31)
    return bits


def _numbers(
    ladder: str,
    stored: bool,
    player: str,
    fields: Sequence[str],
    found: Sequence[float],
    right: Sequence[float],
) -> Iterator[Difference]:
    for field, one, other in zip(fields, found, right, strict=True):
        if one != other:
            yield Difference(ladder, player, field, stored, float(one), float(other))


def _columns(
    ladder: str,
    stored: bool,
    names: Sequence[str],
    columns: Sequence[tuple[str, npt.NDArray[Any], npt.NDArray[Any]]],
) -> Iterator[Difference]:
    for field, found, right in columns:
        for player in np.flatnonzero(found != right).tolist():
            yield Difference(
                ladder, names[player], field, stored, float(found[player]), float(right[player])
            )


def _pairs(
    ladder: str, stored: bool, names: Sequence[str], found: Floats, right: Floats
) -> Iterator[Difference]:
    if len(found) != len(right):
        yield Difference(ladder, "", "pairs", stored, float(len(found)), float(len(right)))
    count = min(len(found), len(right))
    wrong = np.flatnonzero((found[:count] != right[:count]).any(axis=1))
    for row in wrong.tolist():
        one, other = right[row, :2].astype(int).tolist()
        matches = float(found[row, _MATCHES]), float(right[row, _MATCHES])
        yield Difference(ladder, names[one], f"pair with {names[other]}", stored, *matches)
