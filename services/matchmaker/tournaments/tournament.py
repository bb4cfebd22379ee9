"""A tournament as of its results so far: what was, what is next, and who has which place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.matchmaker.tournaments.elimination import double, single
from services.matchmaker.tournaments.plan import ELIMINATIONS, Encounter, Format, Log, Plan
from services.matchmaker.tournaments.robin import gauntlet, round_robin
from services.matchmaker.tournaments.swiss import swiss
from services.matchmaker.tournaments.table import Row, table

_FOLDS: dict[Format, Callable[[Plan, Log], list[Encounter]]] = {
    Format.ROUND_ROBIN: round_robin,
    Format.GAUNTLET: gauntlet,
    Format.SWISS: swiss,
    Format.SINGLE: single,
    Format.DOUBLE: double,
}


@dataclass(frozen=True)
class Tournament:
    """See the module.

    Attributes:
        plan: What it is.
        encounters: Those whose entrants are known, in the order in which they became so.
        over: Whether all is decided.
        rows: Standings, the best first; of eliminations what was won, and `places` decide.
        places: By entrant, from 1; those who went out in one round share a place. 0 while open.
    """

    plan: Plan
    encounters: tuple[Encounter, ...]
    over: bool
    rows: tuple[Row, ...]
    places: tuple[int, ...]

    @cached_property
    def next(self) -> list[Encounter]:
        """Encounters of which another match can be played now."""
        return [one for one in self.encounters if not one.over]

    @cached_property
    def standings(self) -> list[Row]:
        """All entrants: those whose place is open as the table has them, then by place."""
        # Who is out stands behind all who are not.
        return sorted(self.rows, key=lambda row: self.places[row.entrant])

    @cached_property
    def by_key(self) -> dict[str, Encounter]:
        """All encounters."""
        return {one.key: one for one in self.encounters}


def fold(plan: Plan, log: Log) -> Tournament:
    """The tournament as of these results; the same plan and results always give the same."""
    encounters = _FOLDS[plan.format](plan, log)
    over = all(one.over for one in encounters)
    rows = table(plan, encounters)
    if plan.format in ELIMINATIONS:
        lives = 1 if plan.format is Format.SINGLE else 2
        places = _places_of_lost(plan, encounters, lives, over)
    else:
        places = _places_of_rows(plan, rows, over)
    return Tournament(plan, tuple(encounters), over, tuple(rows), places)


def _places_of_rows(plan: Plan, rows: Sequence[Row], over: bool) -> tuple[int, ...]:
    places = [0] * len(plan.entrants)
    for place, row in enumerate(rows, start=1):
        places[row.entrant] = place if over else 0
    return tuple(places)


def _places_of_lost(
    plan: Plan, encounters: Sequence[Encounter], lives: int, over: bool
) -> tuple[int, ...]:
    """Who went out later stands before; the place is one more than how many went out later."""
    count = len(plan.entrants)
    losses, out = [0] * count, [""] * count
    decided: dict[int, int] = {}
    for one in encounters:
        loser = one.loser
        if loser is None:
            continue
        if one.key.startswith("third"):
            assert one.winner is not None
            decided = {one.winner: 3, loser: 4}
            continue
        losses[loser] += 1
        if losses[loser] == lives:
            out[loser] = one.key.partition(".")[0]
    # Stages in the order in which they were played.
    stages = list(dict.fromkeys(one.key.partition(".")[0] for one in encounters))
    places = [0] * count
    better = sum(1 for stage in out if not stage)
    for stage in reversed(stages):
        gone = [entrant for entrant in range(count) if out[entrant] == stage]
        for entrant in gone:
            places[entrant] = better + 1
        better += len(gone)
    if over:
        (champion,) = (entrant for entrant in range(count) if not out[entrant])
        places[champion] = 1
    for entrant, place in decided.items():
        places[entrant] = place
    return tuple(places)
