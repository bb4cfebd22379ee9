"""Which rating match to play next on a ladder.

A match is chosen for a focus player, by the rule whose turn it is (`rota.Rota`):

* a share for the newest snapshots without a result, so that a rating comes soon;
* a share for whoever was left out for long, and one for a champion of whom little is known;
* a share for matches drawn uniformly among all versions, so that cycles among old ones show;
* the rest in equal parts for the highest upper bound, the widest interval, the fewest matches.

Other opponents are drawn by p (1 - p) Var(difference), which is how much a match is expected to
tell about the difference of two ratings. Bots are opponents only; among themselves they meet by
`services.matchmaker.rating.anchors`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matchmaker.rating.information import expected_score, match_bits
from services.matchmaker.rating.players import Player
from services.matchmaker.rating.rota import THREE, Rota, Rule

Pair = tuple[str, str]

_Key = Callable[[Player], tuple[float, float]]

# The focus is the player of the greatest key; ties go to who has fewer matches.
_KEYS: Mapping[Rule, _Key] = {
    Rule.UPPER_BOUND: lambda player: (player.upper, -player.expected_matches),
    Rule.DEVIATION: lambda player: (player.expected_deviation, -player.expected_matches),
    Rule.FEWEST: lambda player: (-player.expected_matches, player.expected_deviation),
}


@dataclass(frozen=True, slots=True)
class PairingRules:
    """How matches are chosen.

    Attributes:
        uniform_share: Share of matches that are drawn uniformly among all versions.
        placement_share: Share of matches for newcomers, while there are some.
        starved_share: Share of matches for players that were left out, while there are some.
        champion_share: Share of matches for champions that are not settled, while there are some.
        starved_matches: Matches on the ladder without a player after which it was left out.
        placement_matches: Pending matches that a newcomer is given before it has a result.
        placement_snapshots: How many snapshots before it a newcomer meets in these.
        target_half_width: Half-width of the 95 % interval, in Elo, that is narrow enough.
        min_matches: Matches that a player gets even when its interval is narrow.
        champion_matches: The same of a champion.
        max_matches: Matches after which a player's interval is no concern any more.
        max_live: Matches of a snapshot that are under way at once.
    """

    uniform_share: float = 0.07
    placement_share: float = 0.4
    starved_share: float = 0.1
    champion_share: float = 0.1
    starved_matches: int = 100
    placement_matches: int = 8
    placement_snapshots: int = 3
    target_half_width: float = 40.0
    min_matches: int = 30
    champion_matches: int = 100
    max_matches: int = 400
    max_live: int = 64


class Pick(NamedTuple):
    """A match to play: participants in drawn order, why, and the bits that it should tell."""

    participants: tuple[str, ...]
    rule: Rule
    bits: float


class Pairing:
    """Chooses matches on one ladder, counting those it chose as pending.

    Args:
        players: Snapshots, oldest first, and bots.
        met: How often each pair (in sorted order) is about to meet.
        size: Participants of a match, 2 or more.
        rules: See `PairingRules`.
        rota: Of the ladder; None begins one.
    """

    def __init__(
        self,
        players: Sequence[Player],
        met: Mapping[Pair, int],
        size: int,
        rules: PairingRules,
        rota: Rota | None = None,
    ) -> None:
        self._players = {player.policy: player for player in players}
        self._met = Counter(met)
        self._size = size
        self._rules = rules
        self._rota = Rota() if rota is None else rota
        self._rota.forget_others(self._players)

    def settled(self) -> bool:
        """Whether every snapshot's interval is narrow enough."""
        return all(self._narrow(player) for player in self._snapshots())

    def next_match(self, rng: np.random.Generator) -> Pick | None:
        """The next match; None when nobody can or need meet."""
        candidates = self._candidates()
        if not candidates or len(self._players) < self._size:
            return None
        rule = self._rota.turn(self._shares(candidates))
        focus = candidates[rule]
        if rule is Rule.UNIFORM:
            focus = focus[int(rng.integers(len(focus))) :][:1]
        chosen = [focus[0].policy, *self._opponents(rule, focus[0], rng)[: self._size - 1]]
        others = [one.policy for one in self._free() if one.policy not in chosen]
        while len(chosen) < self._size and others:
            chosen.append(others.pop(int(rng.integers(len(others)))))
        if len(chosen) < self._size:
            return None
        seated = [self._players[policy] for policy in chosen]
        bits = match_bits(seated[0], seated[1:], self._size)
        self._count(chosen)
        return Pick(tuple(chosen[at] for at in rng.permutation(len(chosen))), rule, bits)

    def _snapshots(self) -> list[Player]:
        return [player for player in self._players.values() if not player.bot]

    def _free(self) -> list[Player]:
        """Who may have a further match under way."""
        most = self._rules.max_live
        return [one for one in self._players.values() if one.bot or one.live < most]

    def _candidates(self) -> dict[Rule, list[Player]]:
        """For each rule that has somebody: its focus first, or all of whom one is drawn."""
        snapshots = [one for one in self._free() if not one.bot]
        unsettled = [one for one in snapshots if not self._narrow(one)]
        if not unsettled or len(self._free()) < 2:
            return {}
        rated = [one for one in unsettled if one.matches] or unsettled
        found = {rule: [max(rated, key=_KEYS[rule])] for rule in THREE}
        if newcomers := [one for one in unsettled if self._waits_for_placement(one)]:
            found[Rule.PLACEMENT] = newcomers[::-1]
        champions = [one for one in unsettled if one.champion]
        if champions:
            found[Rule.CHAMPION] = [min(champions, key=lambda one: one.expected_matches)]
        starved = max(unsettled, key=lambda one: self._rota.waits(one.policy))
        if self._rota.waits(starved.policy) >= self._rules.starved_matches:
            found[Rule.STARVED] = [starved]
        if len(snapshots) > 1:
            found[Rule.UNIFORM] = snapshots
        return found

    def _shares(self, candidates: Mapping[Rule, Sequence[Player]]) -> dict[Rule, float]:
        """The three rules have what the others leave, in equal parts."""
        rules = self._rules
        fixed = {
            Rule.UNIFORM: rules.uniform_share,
            Rule.STARVED: rules.starved_share,
            Rule.CHAMPION: rules.champion_share,
            Rule.PLACEMENT: rules.placement_share,
        }
        shares = {rule: share for rule, share in fixed.items() if rule in candidates and share}
        rest = max(1.0 - sum(shares.values()), 0.0)
        if Rule.PLACEMENT in shares and not candidates[THREE[0]][0].matches:
            # Nobody has a result yet: placing is all that there is to do.
            shares[Rule.PLACEMENT] += rest
            return shares
        return shares | dict.fromkeys(THREE, rest / len(THREE))

    def _waits_for_placement(self, player: Player) -> bool:
        return not player.matches and player.pending < self._rules.placement_matches

    def _opponents(self, rule: Rule, focus: Player, rng: np.random.Generator) -> list[str]:
        """Opponents in the order in which they are taken."""
        others = [one for one in self._free() if one.policy != focus.policy]
        if rule is Rule.UNIFORM:
            snapshots = [one.policy for one in others if not one.bot]
            return [snapshots[at] for at in rng.permutation(len(snapshots))]
        if self._waits_for_placement(focus):
            return self._of_newcomer(focus, others)
        weights = self._weights(focus, others)
        # Gumbel-max draws without replacement in proportion to the weights.
        keys = np.log(weights) + rng.gumbel(size=weights.size)
        return [others[index].policy for index in np.argsort(-keys)[: self._size - 1]]

    def _of_newcomer(self, focus: Player, others: Sequence[Player]) -> list[str]:
        """The bots and the last snapshots before it, whom it met least so far first."""
        snapshots = [one.policy for one in self._snapshots()]
        place = snapshots.index(focus.policy)
        before = snapshots[max(0, place - self._rules.placement_snapshots) : place]
        free = {one.policy for one in others}
        candidates = [one for one in reversed(before) if one in free]
        candidates += [one.policy for one in others if one.bot]
        return sorted(candidates, key=lambda other: self._met[_pair(focus.policy, other)])

    def _weights(self, focus: Player, others: Sequence[Player]) -> NDArray[np.float64]:
        """Probabilities float64 [len(others)] of the opponents, none of them zero."""
        scores = np.array([expected_score(focus.rating, other.rating) for other in others])
        variances = np.array(
            [focus.expected_deviation**2 + other.expected_deviation**2 for other in others]
        )
        telling = scores * (1.0 - scores) * variances + 1e-12
        return np.asarray(telling / telling.sum(), dtype=np.float64)

    def _narrow(self, player: Player) -> bool:
        matches = player.expected_matches
        if matches >= self._rules.max_matches:
            return True
        enough = self._rules.champion_matches if player.champion else self._rules.min_matches
        return matches >= enough and player.half_width <= self._rules.target_half_width

    def _count(self, chosen: Sequence[str]) -> None:
        for policy in chosen:
            player = self._players[policy]
            self._players[policy] = replace(
                player, pending=player.pending + 1, live=player.live + 1
            )
        self._met.update(pairs_of(chosen))
        self._rota.chosen(chosen)


def pairs_of(participants: Sequence[str]) -> list[Pair]:
    """Every pair among the participants, each in sorted order."""
    return [
        _pair(first, second)
        for index, first in enumerate(participants)
        for second in participants[index + 1 :]
    ]


def _pair(first: str, second: str) -> Pair:
    return (first, second) if first < second else (second, first)
