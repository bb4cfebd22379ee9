"""Round-robin and gauntlet."""

from __future__ import annotations

from services.matchmaker.tournaments.plan import Encounter, Log, Plan, bye, met


def round_robin(plan: Plan, log: Log) -> list[Encounter]:
    """Everybody against everybody; all encounters are there from the beginning.

    By the circle method: one stands still, the others move on by one place a round, and those who
    face each other meet. With an odd number, who faces the empty place has a bye.
    """
    circle: list[int | None] = [*plan.order]
    if len(circle) % 2:
        circle.append(None)
    found: list[Encounter] = []
    rounds = len(circle) - 1
    for cycle in range(plan.number_of_rounds):
        for number in range(rounds):
            round_ = cycle * rounds + number + 1
            for place in range(len(circle) // 2):
                first, second = circle[place], circle[-1 - place]
                key = f"r{round_}.{place + 1}"
                # Who comes first changes, as in some games that is told to both.
                if (number + cycle) % 2:
                    first, second = second, first
                found.append(_encounter(plan, log, key, round_, first, second))
            circle = [circle[0], circle[-1], *circle[1:-1]]
    return found


def gauntlet(plan: Plan, log: Log) -> list[Encounter]:
    """The first entrant against each of the others."""
    head, *others = range(len(plan.entrants))
    return [
        met(plan, log, f"r{cycle}.{place}", cycle, head, other, decide=False)
        for cycle in range(1, plan.number_of_rounds + 1)
        for place, other in enumerate(others, start=1)
    ]


def _encounter(
    plan: Plan, log: Log, key: str, round_: int, first: int | None, second: int | None
) -> Encounter:
    if first is not None and second is not None:
        return met(plan, log, key, round_, first, second, decide=False)
    alone = second if first is None else first
    assert alone is not None  # one place alone is empty
    return bye(key, round_, alone)
