"""Which rating match to play next on a ladder.

A match is chosen for a focus player: a snapshot without a result first, otherwise by one of three
rules in equal parts (highest upper bound, widest interval, fewest matches). Its opponents are drawn
by p (1 - p) Var(difference), which is how much a match is expected to tell about the difference of
two ratings; a small share is drawn uniformly, so that cycles among old versions show. Bots are
opponents only; among themselves they meet by `services.matchmaker.rating.anchors`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.matchmaker.rating.players import Player

Pair = tuple[str, str]

_Rule = Callable[[Player], tuple[float, float]]

# The focus is the player of the greatest key; ties go to who has fewer matches.
_RULES: tuple[_Rule, ...] = (
    lambda player: (player.upper, -player.expected_matches),
    lambda player: (player.expected_deviation, -player.expected_matches),
    lambda player: (-player.expected_matches, player.expected_deviation),
)


@dataclass(frozen=True, slots=True)
class PairingRules:
    """How matches are chosen.

    Attributes:
        uniform_share: Share of opponents drawn uniformly.
        placement_matches: Pending matches that a newcomer is given before it has a result.
        placement_snapshots: How many snapshots before it a newcomer meets in these.
        target_half_width: Half-width of the 95 % interval, in Elo, that is narrow enough.
        min_matches: Matches that a player gets even when its interval is narrow.
        max_matches: Matches after which a player's interval is no concern any more.
    """

    uniform_share: float = 0.07
    placement_matches: int = 8
    placement_snapshots: int = 3
    target_half_width: float = 40.0
    min_matches: int = 30
    max_matches: int = 400


def expected_score(rating: float, opponent: float) -> float:
    """Expected score on the Elo scale."""
    return 1.0 / (1.0 + math.exp((opponent - rating) * math.log(10.0) / 400.0))


class Pairing:
    """Chooses matches on one ladder, counting those it chose as pending.

    Args:
        players: Snapshots, oldest first, and bots.
        met: How often each pair (in sorted order) is about to meet.
        size: Participants of a match, 2 or more.
        rules: See `PairingRules`.
    """

    def __init__(
        self, players: Sequence[Player], met: Mapping[Pair, int], size: int, rules: PairingRules
    ) -> None:
        self._players = {player.policy: player for player in players}
        self._met = Counter(met)
        self._size = size
        self._rules = rules

    def settled(self) -> bool:
        """Whether every snapshot's interval is narrow enough."""
        return all(self._narrow(player) for player in self._snapshots())

    def next_match(self, rng: np.random.Generator) -> tuple[str, ...] | None:
        """Participants of the next match, in drawn order; None when nobody can or need meet."""
        focus, opponents = self._newcomer() or self._by_rules(rng) or (None, [])
        if focus is None:
            return None
        chosen = [focus, *opponents[: self._size - 1]]
        others = [policy for policy in self._players if policy not in chosen]
        while len(chosen) < self._size and others:
            chosen.append(others.pop(int(rng.integers(len(others)))))
        if len(chosen) < self._size:
            return None
        self._count(chosen)
        return tuple(chosen[index] for index in rng.permutation(len(chosen)))

    def _snapshots(self) -> list[Player]:
        return [player for player in self._players.values() if not player.bot]

    def _bots(self) -> list[str]:
        return [player.policy for player in self._players.values() if player.bot]

    def _newcomer(self) -> tuple[str, list[str]] | None:
        """The newest snapshot that still waits for a result, and whom it met least so far."""
        snapshots = self._snapshots()
        for index in range(len(snapshots) - 1, -1, -1):
            player = snapshots[index]
            if player.matches or player.pending >= self._rules.placement_matches:
                continue
            before = snapshots[max(0, index - self._rules.placement_snapshots) : index]
            candidates = [*(other.policy for other in reversed(before)), *self._bots()]
            candidates.sort(key=lambda other: self._met[_pair(player.policy, other)])
            if candidates:
                return player.policy, candidates
        return None

    def _by_rules(self, rng: np.random.Generator) -> tuple[str, list[str]] | None:
        """A focus by one of the three rules, and opponents drawn for it."""
        unsettled = [player for player in self._snapshots() if not self._narrow(player)]
        if not unsettled or len(self._players) < self._size:
            return None
        focus = max(unsettled, key=_RULES[int(rng.integers(len(_RULES)))])
        others = [player for player in self._players.values() if player is not focus]
        weights = self._weights(focus, others)
        # Gumbel-max draws without replacement in proportion to the weights.
        keys = np.log(weights) + rng.gumbel(size=weights.size)
        order = np.argsort(-keys)[: self._size - 1]
        return focus.policy, [others[index].policy for index in order]

    def _weights(self, focus: Player, others: Sequence[Player]) -> NDArray[np.float64]:
        """Probabilities float64 [len(others)] of the opponents, none of them zero."""
        scores = np.array([expected_score(focus.rating, other.rating) for other in others])
        variances = np.array(
            [focus.expected_deviation**2 + other.expected_deviation**2 for other in others]
        )
        telling = scores * (1.0 - scores) * variances + 1e-12
        share = self._rules.uniform_share
        uniform = share / len(others)
        return np.asarray((1.0 - share) * telling / telling.sum() + uniform, dtype=np.float64)

    def _narrow(self, player: Player) -> bool:
        matches = player.expected_matches
        if matches >= self._rules.max_matches:
            return True
        return (
            matches >= self._rules.min_matches
            and player.half_width <= self._rules.target_half_width
        )

    def _count(self, chosen: Sequence[str]) -> None:
        for policy in chosen:
            player = self._players[policy]
            self._players[policy] = replace(player, pending=player.pending + 1)
        self._met.update(pairs_of(chosen))


def pairs_of(participants: Sequence[str]) -> list[Pair]:
    """Every pair among the participants, each in sorted order."""
    return [
        _pair(first, second)
        for index, first in enumerate(participants)
        for second in participants[index + 1 :]
    ]


def _pair(first: str, second: str) -> Pair:
    return (first, second) if first < second else (second, first)
