"""Opponents for training: the latest version, snapshots by prioritized fictitious self-play, bots.

PFSP: Vinyals et al. 2019 (AlphaStar), methods, "Prioritized fictitious self-play".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Curve = Literal["hard", "even"]
"""Which opponents PFSP prefers: "hard" those that beat the student, "even" its equals."""

Weights = NDArray[np.float64]

WITHIN_REACH = 0.1
"""Win rate from which an exploiter meets its target's newest version alone (AlphaStar's figure)."""

EASIER = 0.8
"""Share of snapshots among the opponents of an exploiter that is not there yet."""


class Source(Enum):
    """Where an opponent came from."""

    LATEST = "latest"
    PFSP = "pfsp"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Opponent:
    """Somebody to train against: "name:latest", "name:version" or "bot/..."."""

    policy: str
    source: Source


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the three sources; any non-negative numbers of which one is positive."""

    latest: float
    pfsp: float
    bots: float


def pfsp_weights(win_rates: Weights, curve: Curve, power: float) -> Weights:
    """Sampling probabilities of opponents, float64 [n], from the student's win rates, float64 [n].

    "hard" is (1 - w) ** power and "even" w * (1 - w). When all of them vanish, as for a student
    that beats everybody, the choice is uniform.
    """
    rates = np.clip(win_rates, 0.0, 1.0)
    weights = (1.0 - rates) ** power if curve == "hard" else rates * (1.0 - rates)
    total = float(weights.sum())
    if not total > 0.0:
        return np.full(rates.size, 1.0 / max(rates.size, 1))
    return np.asarray(weights / total, dtype=np.float64)


def pool(versions: Sequence[int], size: int) -> list[int]:
    """At most `size` versions, ascending: the newer half, and older ones evenly spread.

    The oldest version is always among them, so that no strategy is forgotten.
    """
    ordered = sorted(versions)
    if len(ordered) <= size:
        return ordered
    newest = ordered[-((size + 1) // 2) :]
    older = ordered[: -len(newest)]
    picks = np.linspace(0, len(older) - 1, size - len(newest)).round().astype(int)
    return [older[index] for index in sorted(set(picks.tolist()))] + newest


def draw(weights: Weights, count: int, rng: np.random.Generator) -> list[int]:
    """`count` indices by systematic resampling, in random order.

    Index i comes floor or ceil(count * weight share) times, and on average exactly its share.
    """
    edges = np.cumsum(weights)
    points = (np.arange(count) + rng.random()) * (edges[-1] / count)
    # Rounding may put a point at the upper edge; only an index of positive weight may answer it.
    last = int(np.flatnonzero(weights)[-1])
    indices = np.minimum(np.searchsorted(edges, points, side="right"), last)
    rng.shuffle(indices)
    return [int(index) for index in indices]


def exploiter_opponents(
    target: str,
    count: int,
    *,
    win_rate: float,
    snapshots: Sequence[str],
    win_rates: Weights,
    rng: np.random.Generator,
) -> list[Opponent]:
    """`count` opponents for a main exploiter: versions of its target alone (AlphaStar, methods).

    While it scores at least `WITHIN_REACH` against the newest version, that one. Below, `EASIER` of
    them are snapshots drawn by w (1 - w): those that it is about to beat. The rest stays the
    newest, since otherwise nobody would notice that it has come within reach.

    Args:
        target: Name of the policy that is exploited.
        count: How many, 1 or more.
        win_rate: The exploiter's against the newest version.
        snapshots: The target's.
        win_rates: The exploiter's against each of them, float64 [len(snapshots)].
        rng: Source of randomness.
    """
    easier = EASIER if snapshots and win_rate < WITHIN_REACH else 0.0
    sources = (Source.LATEST, Source.PFSP)
    drawn = [sources[index] for index in draw(np.array([1.0 - easier, easier]), count, rng)]
    weights = pfsp_weights(win_rates, "even", 1.0)
    names = _names(snapshots, weights, drawn.count(Source.PFSP), rng)
    return [
        Opponent(f"{target}:latest" if source is Source.LATEST else next(names), source)
        for source in drawn
    ]


def league_opponents(
    student: str,
    count: int,
    *,
    snapshots: Sequence[str],
    win_rates: Weights,
    curve: Curve,
    power: float,
    rng: np.random.Generator,
) -> list[Opponent]:
    """`count` opponents for a league exploiter: snapshots of all others, by PFSP (AlphaStar).

    The student itself while there are none.

    Args:
        student: Name of the policy that learns.
        count: How many, 1 or more.
        snapshots: Of all policies of the league but its own.
        win_rates: The student's against each of them, float64 [len(snapshots)].
        curve: See `pfsp_weights`.
        power: See `pfsp_weights`.
        rng: Source of randomness.
    """
    if not snapshots:
        return [Opponent(f"{student}:latest", Source.LATEST)] * count
    names = _names(snapshots, pfsp_weights(win_rates, curve, power), count, rng)
    return [Opponent(name, Source.PFSP) for name in names]


def sample_opponents(
    against: Sequence[str],
    count: int,
    *,
    snapshots: Sequence[str],
    win_rates: Weights,
    bots: Sequence[str],
    mix: Mix,
    curve: Curve,
    power: float,
    rng: np.random.Generator,
) -> list[Opponent]:
    """`count` opponents for a student; shares of empty sources fall to the latest versions.

    Args:
        against: Names of the policies whose latest versions it meets, in equal parts: its own, and
            in a run of several policies those that hold the other sides.
        count: How many, 1 or more.
        snapshots: Policy names of the pool.
        win_rates: The student's win rate against each of them, float64 [len(snapshots)].
        bots: Policy names of the bots.
        mix: Shares of the sources.
        curve: See `pfsp_weights`.
        power: See `pfsp_weights`.
        rng: Source of randomness.
    """
    pfsp = mix.pfsp if snapshots else 0.0
    bot = mix.bots if bots else 0.0
    latest = mix.latest + mix.pfsp + mix.bots - pfsp - bot
    sources = (Source.LATEST, Source.PFSP, Source.BOT)
    drawn = [sources[index] for index in draw(np.array([latest, pfsp, bot]), count, rng)]
    names = {
        Source.LATEST: _names(
            [f"{one}:latest" for one in against],
            np.ones(len(against)),
            drawn.count(Source.LATEST),
            rng,
        ),
        Source.PFSP: _names(
            snapshots, pfsp_weights(win_rates, curve, power), drawn.count(Source.PFSP), rng
        ),
        Source.BOT: _names(bots, np.ones(len(bots)), drawn.count(Source.BOT), rng),
    }
    return [Opponent(next(names[source]), source) for source in drawn]


def _names(
    policies: Sequence[str], weights: Weights, count: int, rng: np.random.Generator
) -> Iterator[str]:
    return iter([policies[index] for index in draw(weights, count, rng)] if count else [])
