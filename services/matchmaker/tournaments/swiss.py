"""Swiss tournaments by the Dutch system."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.matchmaker.tournaments.plan import Encounter, Log, Plan, bye, met
from services.matchmaker.tournaments.table import Row, table


def swiss(plan: Plan, log: Log) -> list[Encounter]:
    """Encounters of all rounds up to the first that is not over; a round follows from those before.

    Who has as many points meet, the upper half of them against the lower (FIDE Handbook C.04.3, the
    Dutch system; colours are left out, as each match is played in both seats). Nobody meets the
    same twice, and nobody has two byes.
    """
    found: list[Encounter] = []
    for round_ in range(1, plan.number_of_rounds + 1):
        pairs, alone = _paired(table(plan, found), found, len(plan.entrants))
        for place, (first, second) in enumerate(pairs, start=1):
            key = f"s{round_}.{place}"
            found.append(met(plan, log, key, round_, first, second, decide=False))
        if alone is not None:
            found.append(bye(f"s{round_}.bye", round_, alone))
        if not all(one.over for one in found):
            break
    return found


def _paired(
    rows: Sequence[Row], before: Sequence[Encounter], entrants: int
) -> tuple[list[tuple[int, int]], int | None]:
    """Who meets whom in the next round, best table first, and who has a bye."""
    opponents: list[set[int]] = [set() for _ in range(entrants)]
    rested: set[int] = set()
    for one in before:
        if one.second is None:
            rested.add(one.first)
        else:
            opponents[one.first].add(one.second)
            opponents[one.second].add(one.first)
    points = {row.entrant: row.points for row in rows}
    waiting = [row.entrant for row in rows]
    alone = None
    if entrants % 2:
        # The last who has not had one.
        alone = next(one for one in reversed(waiting) if one not in rested)
        waiting.remove(alone)

    def may_meet(one: int, other: int) -> bool:
        return other not in opponents[one]

    pairs, left = _by_groups(waiting, points, may_meet)
    return _repaired(pairs, left, points, may_meet), alone


def _by_groups(
    waiting: Sequence[int], points: dict[int, float], may_meet: Callable[[int, int], bool]
) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs within groups of equal points, whoever is left over in the next; and who is left."""
    pairs: list[tuple[int, int]] = []
    group: list[int] = []
    for place, one in enumerate(waiting):
        group.append(one)
        last = place + 1 == len(waiting)
        if last or points[waiting[place + 1]] < points[one]:
            new, group = _by_halves(group, may_meet)
            pairs += new
    return pairs, group


def _by_halves(
    group: Sequence[int], may_meet: Callable[[int, int], bool]
) -> tuple[list[tuple[int, int]], list[int]]:
    """The upper half against the lower as they stand, or with the nearest who may be met."""
    upper, lower = [*group[: len(group) // 2]], [*group[len(group) // 2 :]]
    pairs: list[tuple[int, int]] = []
    left: list[int] = []
    for one in upper:
        partner = next((other for other in lower if may_meet(one, other)), None)
        if partner is None:
            left.append(one)
        else:
            lower.remove(partner)
            pairs.append((one, partner))
    return pairs, [*left, *lower]


def _repaired(
    pairs: Sequence[tuple[int, int]],
    left: Sequence[int],
    points: dict[int, float],
    may_meet: Callable[[int, int], bool],
) -> list[tuple[int, int]]:
    """All paired: those who are left with each other, or by taking a pair apart.

    While nobody has met half of the others there is always a pair (a, b) such that the two who are
    left may meet a and b: each may meet more than half of all, so one pair has both (Dirac 1952).
    The pair is taken that brings together those with the nearest points.
    """
    paired, waiting = [*pairs], [*left]
    while waiting:
        one = waiting.pop(0)
        partner = next((other for other in waiting if may_meet(one, other)), None)
        if partner is not None:
            waiting.remove(partner)
            paired.append((one, partner))
            continue
        other = waiting.pop(0)
        options = [
            (abs(points[one] - points[a]) + abs(points[other] - points[b]), place, a, b)
            for place, pair in enumerate(paired)
            for a, b in (pair, pair[::-1])
            if may_meet(one, a) and may_meet(other, b)
        ]
        _, place, a, b = min(options)
        paired[place : place + 1] = [(one, a), (other, b)]
    return sorted(paired, key=lambda pair: -(points[pair[0]] + points[pair[1]]))
