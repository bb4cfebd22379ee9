"""Standings: points and what decides between those who have as many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.matchmaker.tournaments.plan import Encounter, Plan


@dataclass(frozen=True, slots=True)
class Row:
    """One entrant of a table.

    Attributes:
        entrant: Its index.
        points: 1 for an encounter that was won and for a bye, 1/2 for one that was level, 0 for one
            that was forfeited.
        buchholz: Sum of the points of all who were met.
        median_buchholz: The same without the highest and the lowest.
        sonneborn_berger: Sum of the points of those who were beaten, and half of those level with.
        between: Points against those who have as many points.
        match_points: Points in all matches of its encounters.
        encounters: That are over, byes left out.
    """

    entrant: int
    points: float
    buchholz: float
    median_buchholz: float
    sonneborn_berger: float
    between: float
    match_points: float
    encounters: int


def table(plan: Plan, encounters: Sequence[Encounter]) -> list[Row]:
    """All entrants, the best first.

    By points, then Buchholz without the extremes, Buchholz, points between those who are level,
    Sonneborn-Berger, points in matches, and the seed (FIDE Handbook C.07). Encounters that are not
    over count for nothing yet.
    """
    count = len(plan.entrants)
    points, match_points = [0.0] * count, [0.0] * count
    met: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for one in encounters:
        if not one.over:
            continue
        if one.second is None:
            points[one.first] += 1.0
            continue
        level = 0.5 if one.winner is None else 0.0
        for who, whom, scored in (
            (one.first, one.second, one.points[0]),
            (one.second, one.first, one.points[1]),
        ):
            # Who did not come has lost, also where both did not.
            earned = 0.0 if who in one.absent else level + (one.winner == who)
            points[who] += earned
            match_points[who] += scored
            met[who].append((whom, earned))
    rows = [_row(entrant, points, met[entrant], match_points[entrant]) for entrant in range(count)]
    return sorted(rows, key=lambda row: (*_rank(row), plan.seed_of[row.entrant]))


def _row(
    entrant: int, points: Sequence[float], met: Sequence[tuple[int, float]], match_points: float
) -> Row:
    theirs = sorted(points[whom] for whom, _ in met)
    return Row(
        entrant=entrant,
        points=points[entrant],
        buchholz=sum(theirs),
        median_buchholz=sum(theirs[1:-1]),
        sonneborn_berger=sum(points[whom] * earned for whom, earned in met),
        between=sum(earned for whom, earned in met if points[whom] == points[entrant]),
        match_points=match_points,
        encounters=len(met),
    )


def _rank(row: Row) -> tuple[float, ...]:
    return (
        -row.points,
        -row.median_buchholz,
        -row.buchholz,
        -row.between,
        -row.sonneborn_berger,
        -row.match_points,
    )
