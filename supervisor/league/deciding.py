"""Who is missing in a league, and who has done its work: from the empirical game alone.

The empirical game has the main policy's snapshots and those of exploiters as its players (Lanctot
et al. 2017, PSRO: what a population lacks is a best response to its equilibrium). Two kinds of
exploiters look for one, as in AlphaStar (Vinyals et al. 2019, methods, "League training"):

* a main exploiter plays the newest version of the main policy. It is missing while nobody in the
  population is known to beat that, as the main policy has then nobody to learn from; once a
  snapshot of its own beats it, the main policy meets that in its pool, and it is its turn.
* a league exploiter plays all snapshots. It is missing while the equilibrium is spread over many,
  which means that strength goes round, and has nothing to do where one version holds it.

A kind that has found nothing for long rests until the main policy is some snapshots further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BEATS = 1.28
"""Standard deviations above 1/2 of a score that says who beats whom: with a chance of 0.9."""

SPREAD, GATHERED = 0.5, 0.8
"""Largest share in the equilibrium below which a league exploiter is missing, and from which it has
nothing to do."""

PATIENCE = 8
"""Snapshots of the main policy after which an exploiter that found nothing is stopped."""

REST = 4
"""Snapshots of the main policy for which it then rests."""


class Kind(Enum):
    """What a member of the league is for."""

    MAIN = "main"
    MAIN_EXPLOITER = "main exploiter"
    LEAGUE_EXPLOITER = "league exploiter"


@dataclass(frozen=True)
class Member:
    """An exploiter of the league.

    Attributes:
        name: Of its policy.
        kind: What it looks for.
        running: Whether its processes run.
        since: The main policy's newest snapshot when it was last started or stopped.
        reason: Why it was.
        resting: Whether it was stopped since it found nothing.
        starts: How often it was started.
    """

    name: str
    kind: Kind
    running: bool = False
    since: int = 0
    reason: str = "nothing is known yet"
    resting: bool = False
    starts: int = 0

    def started(self, version: int, reason: str) -> Member:
        """It runs from now on."""
        return replace(
            self,
            running=True,
            since=version,
            reason=reason,
            resting=False,
            starts=self.starts + 1,
        )

    def stopped(self, version: int, reason: str, *, resting: bool) -> Member:
        """It does not run from now on."""
        return replace(self, running=False, since=version, reason=reason, resting=resting)


@dataclass(frozen=True)
class Population:
    """The empirical game between snapshots.

    Attributes:
        main: Name of the main policy.
        players: "name:version", n of them, a snapshot of the main policy among them.
        scores: Mean score of the row's player against the column's [n, n].
        deviations: Their standard deviations [n, n].
        shares: Of the players in the equilibrium [n].
        cycles: Players that beat each other in a circle, and with which chance.
    """

    main: str
    players: tuple[str, ...]
    scores: Floats
    deviations: Floats
    shares: Floats
    cycles: Sequence[tuple[tuple[str, ...], float]] = ()

    @property
    def newest(self) -> int:
        """Place of the main policy's newest snapshot."""
        own = [at for at, one in enumerate(self.players) if one.startswith(f"{self.main}:")]
        return max(own, key=lambda at: version_of(self.players[at]))

    def passed(self, since: int) -> int:
        """Rated snapshots of the main policy that are newer than a version."""
        own = (one for one in self.players if one.startswith(f"{self.main}:"))
        return sum(version_of(one) > since for one in own)

    def score_of(self, name: str) -> tuple[float, float, str]:
        """Best score of a policy's snapshots against the newest: mean, deviation, and whose."""
        newest = self.newest
        own = [at for at, one in enumerate(self.players) if one.startswith(f"{name}:")]
        if not own:
            return 0.0, 0.0, ""
        # What it is known to score: a score of few games should not look like a win.
        at = max(own, key=lambda at: self.scores[at, newest] - BEATS * self.deviations[at, newest])
        return float(self.scores[at, newest]), float(self.deviations[at, newest]), self.players[at]

    def beaten_by(self) -> str:
        """Who is known to beat the newest version, the one that does so most; empty: nobody."""
        newest = self.newest
        known = self.scores[:, newest] - BEATS * self.deviations[:, newest]
        known[newest] = 0.0
        best = int(np.argmax(known))
        return self.players[best] if known[best] > 0.5 else ""


def version_of(player: str) -> int:
    """Of "name:version"."""
    return int(player.rpartition(":")[2])


def decide(population: Population, members: Sequence[Member]) -> list[Member]:
    """The members that change, as they are to be."""
    at = version_of(population.players[population.newest])
    changed = []
    for member in members:
        judge = _main_exploiter if member.kind is Kind.MAIN_EXPLOITER else _league_exploiter
        new = judge(population, member, at)
        if new is not None:
            changed.append(new)
    return changed


def _main_exploiter(population: Population, member: Member, at: int) -> Member | None:
    newest = population.players[population.newest]
    score, deviation, own = population.score_of(member.name)
    if member.running:
        if own and score - BEATS * deviation > 0.5:
            reason = f"{own} beats {newest} ({score:.2f}); the main policy has to answer that"
            return member.stopped(at, reason, resting=False)
        if population.passed(member.since) >= PATIENCE:
            best = f"its best scores {score:.2f}" if own else "none of its versions was rated"
            reason = f"it found no weakness in {PATIENCE} snapshots of {population.main}: {best}"
            return member.stopped(at, reason, resting=True)
        return None
    if member.resting and population.passed(member.since) < REST:
        return None
    by = population.beaten_by()
    if by:
        return None
    others = np.delete(population.scores[:, population.newest], population.newest)
    best = f" (at most {others.max():.2f})" if others.size else ""
    return member.started(at, f"nobody is known to beat {newest}{best}; its exploiter is missing")


def _league_exploiter(population: Population, member: Member, at: int) -> Member | None:
    held = ", ".join(
        f"{population.players[each]} {population.shares[each]:.2f}"
        for each in np.argsort(-population.shares)[:3]
        if population.shares[each] >= 0.01
    )
    if member.running:
        if population.shares.max() >= GATHERED:
            reason = f"the equilibrium is gathered ({held}); nothing goes round"
            return member.stopped(at, reason, resting=False)
        waited = population.passed(member.since) >= PATIENCE
        if waited and not _has_share(population, member.name):
            reason = f"it has no share in the equilibrium ({held}) after {PATIENCE} snapshots"
            return member.stopped(at, reason, resting=True)
        return None
    if member.resting and population.passed(member.since) < REST:
        return None
    if len(population.players) < 3:
        return None
    if population.cycles:
        circle, chance = population.cycles[0]
        words = f"{' beats '.join((*circle, circle[0]))} with a chance of {chance:.2f}"
        return member.started(at, f"strength goes round: {words}; a best response is missing")
    if population.shares.max() < SPREAD:
        reason = f"the equilibrium is spread ({held}); a best response to it is missing"
        return member.started(at, reason)
    return None


def _has_share(population: Population, name: str) -> bool:
    return any(
        share >= 0.05
        for one, share in zip(population.players, population.shares, strict=True)
        if one.startswith(f"{name}:")
    )
