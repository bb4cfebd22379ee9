"""Single and double elimination, for any number of entrants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.matchmaker.tournaments.plan import Encounter, Log, Plan, bye, met

Slot = int | None | Literal["open"]
"""Who stands in a place of a bracket: an entrant; None, nobody ever will; or nobody yet."""

OPEN: Literal["open"] = "open"


def single(plan: Plan, log: Log) -> list[Encounter]:
    """Encounters of the bracket whose entrants are known, and that for the third place."""
    bracket = _Bracket(plan, log)
    slots, round_ = _seeded(plan), 0
    semifinalists: list[Slot] = []
    while len(slots) > 1:
        round_ += 1
        slots, losers = bracket.play("w", round_, slots)
        if len(losers) == 2:
            semifinalists = losers
    if semifinalists and None not in semifinalists:
        bracket.play("third", round_, semifinalists)
    return bracket.encounters


def double(plan: Plan, log: Log) -> list[Encounter]:
    """Encounters of both brackets and of the final whose entrants are known.

    Who loses in round r of the upper bracket comes to the lower one, into the half where those are
    whom it has not met, so that a rematch is as late as it can be. Who comes from the lower bracket
    has to win the final twice, as the other one has not lost yet.
    """
    bracket = _Bracket(plan, log)
    slots, waiting = bracket.play("w", 1, _seeded(plan))
    lower: list[Slot] = waiting
    round_ = 1
    while len(slots) > 1:
        lower, _ = bracket.play("l", 2 * round_ - 1, lower)
        round_ += 1
        slots, fallen = bracket.play("w", round_, slots)
        lower, _ = bracket.play("l", 2 * round_ - 2, _mixed(lower, fallen, round_))
    _final(bracket, slots[0], lower[0])
    return bracket.encounters


def _final(bracket: _Bracket, upper: Slot, lower: Slot) -> None:
    (first,), (lost,) = bracket.play("f", 1, [upper, lower])
    if first == lower and isinstance(first, int) and isinstance(lost, int):
        bracket.play("f", 2, [upper, lower])


def _mixed(lower: Sequence[Slot], fallen: Sequence[Slot], round_: int) -> list[Slot]:
    """Those who stand in the lower bracket beside those who fall into it, turned round.

    Every other time in reverse, and else by halves, so that who met in the upper bracket are apart.
    """
    half = len(fallen) // 2
    turned = [*reversed(fallen)] if round_ % 2 == 0 else [*fallen[half:], *fallen[:half]]
    return [slot for pair in zip(lower, turned, strict=True) for slot in pair]


class _Bracket:
    """Plays rounds of slots as far as the results go."""

    def __init__(self, plan: Plan, log: Log) -> None:
        self._plan, self._log = plan, log
        self.encounters: list[Encounter] = []

    def play(self, name: str, round_: int, slots: Sequence[Slot]) -> tuple[list[Slot], list[Slot]]:
        """Neighbours meet; who has won, and who has lost, by encounter."""
        winners: list[Slot] = []
        losers: list[Slot] = []
        for place in range(0, len(slots), 2):
            first, second = slots[place], slots[place + 1]
            key = f"{name}{round_}.{place // 2 + 1}"
            winner, loser = self._meet(key, round_, first, second)
            winners.append(winner)
            losers.append(loser)
        return winners, losers

    def _meet(self, key: str, round_: int, first: Slot, second: Slot) -> tuple[Slot, Slot]:
        if first == OPEN or second == OPEN:
            return OPEN, OPEN
        if first is None or second is None:
            alone = second if first is None else first
            if isinstance(alone, int):
                self.encounters.append(bye(key, round_, alone))
            return alone, None
        assert isinstance(first, int)
        assert isinstance(second, int)
        one = met(self._plan, self._log, key, round_, first, second, decide=True)
        self.encounters.append(one)
        if not one.over:
            return OPEN, OPEN
        return one.winner, one.loser


def _seeded(plan: Plan) -> list[Slot]:
    """The entrants in the first round, the best seeds as late against each other as can be.

    Places that are left over go to the best seeds, who have byes.
    """
    places = [0]
    size = 1 << (len(plan.order) - 1).bit_length()
    while len(places) < size:
        width = 2 * len(places)
        places = [seed for place in places for seed in (place, width - 1 - place)]
    return [plan.order[place] if place < len(plan.order) else None for place in places]
