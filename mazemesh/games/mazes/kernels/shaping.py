"""Potential-based reward shaping (Ng, Harada and Russell, ICML 1999, theorem 1).

A seat's shaping term is F = c * (discount * potential' - potential). Where the discount is the
learner's, that leaves the optimal policies as they are; presets differ (docs/adr/0098). The
potential of a finished (not truncated) episode is 0. Where several seats play against each other
each gets its own term alone: that leaves every best response and every equilibrium as it is (Devlin
and Kudenko, AAMAS 2011, theorem 1), though shaped rewards no longer sum to 0. Taking the others'
terms off would keep the sum, and put into a learner's reward the progress of opponents, which it
can hardly influence: noise. The games of two sides have a potential of their own for each side.
"""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.state import Parameters, State, cell_of


@part
def remember_potentials(p: Parameters, s: State, game: int) -> None:
    """Keep the potentials before the moves."""
    if p.shaping == 0.0:
        return
    for seat in range(p.seats):
        s.potential[seat] = _potential(p, s, game, seat)


@part
def shape(p: Parameters, s: State, game: int) -> None:
    """Add to each reward the seat's own shaping term, after the moves."""
    if p.shaping == 0.0:
        return
    _write_terms(p, s, game)
    for seat in range(p.seats):
        s.reward[game, seat] += s.potential[seat]


@part
def shape_together(p: Parameters, s: State, game: int) -> None:
    """Add the mean of the shaping terms to the one reward of a cooperative game."""
    if p.shaping == 0.0:
        return
    _write_terms(p, s, game)
    total = 0.0
    for seat in range(p.seats):
        total += s.potential[seat]
    for seat in range(p.seats):
        s.reward[game, seat] += total / p.seats


@part
def term(p: Parameters, s: State, game: int, before: float, after: float) -> float:
    """Return a shaping term from the potentials before and after the moves."""
    left = 0.0 if s.terminated[game] else after
    return float(p.shaping * (p.shaping_discount * left - before))


@part
def _write_terms(p: Parameters, s: State, game: int) -> None:
    """Put the shaping terms in the place of the potentials."""
    for seat in range(p.seats):
        after = 0.0 if s.terminated[game] else _potential(p, s, game, seat)
        s.potential[seat] = term(p, s, game, s.potential[seat], after)


@part
def _potential(p: Parameters, s: State, game: int, seat: int) -> float:
    """Minus the distance left, as a share of the maze's greatest to the exit."""
    return float(-s.distance[game, cell_of(p, s, game, seat)] / s.eccentricity[game])
