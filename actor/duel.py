"""Unrated games on held-out mazes: how well a policy does alone, and which of two is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from uuid import uuid4

import numpy as np

from actor.matches import GamePeer, PlayedGame, play_matches
from actor.policy import OnnxPolicy
from mazemesh.games import Purpose, bot_policy, seeds
from mazemesh.games.foreign import is_foreign
from mazemesh.v1.game_pb2 import GameSettings, GameSpec, MatchSetup

HELD_OUT = 1 << 40
"""First number of the evaluation seeds used here; rating matches count up from 0."""

_BATCH = 256


@dataclass(frozen=True)
class Tally:
    """Outcomes of the first participant."""

    wins: int
    draws: int
    losses: int

    @property
    def games(self) -> int:
        """Number of games."""
        return self.wins + self.draws + self.losses

    @property
    def win_rate(self) -> float:
        """Share of games won outright."""
        return self.wins / max(self.games, 1)

    @property
    def score(self) -> float:
        """Share of points: a draw is half."""
        return (self.wins + 0.5 * self.draws) / max(self.games, 1)

    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the win rate (Wilson 1927)."""
        n, p, z = max(self.games, 1), self.win_rate, 1.959964
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return centre - half, centre + half


def duel(
    game: GamePeer,
    load: Callable[[str], OnnxPolicy],
    spec: GameSpec,
    participants: tuple[str, str],
    games: int,
    *,
    temperature: float = 1.0,
    rng: np.random.Generator,
    progress: Callable[[int], None] = lambda games: None,
) -> Tally:
    """Plays `games` games between two participants: every maze with the places swapped.

    In a game of one seat each plays every maze alone; solved beats unsolved, faster beats slower
    (in a foreign game two that are solved are a draw, as faster need not be better there).

    Raises:
        MazemeshError: a participant or the Game service is not available.
    """
    wins = draws = losses = 0
    trial = spec.seats == 1
    matches = games if trial else (games + 1) // 2
    for start in range(0, matches, _BATCH):
        count = min(_BATCH, matches - start)
        played = _play(game, load, spec, list(participants), start, count, 0, temperature, rng)
        for margin in _margins(played, trial, by_steps=not is_foreign(spec.name)):
            wins, draws, losses = wins + (margin > 0), draws + (margin == 0), losses + (margin < 0)
        progress(wins + draws + losses)
    return Tally(wins, draws, losses)


def success_rate(
    game: GamePeer,
    load: Callable[[str], OnnxPolicy],
    spec: GameSpec,
    policy: str,
    games: int,
    rng: np.random.Generator,
) -> float:
    """Greedy success of a policy on the first `games` held-out mazes, 0..1.

    In a game of one seat the share of mazes solved; otherwise the share of games won against
    bot/random.
    """
    alone = spec.seats == 1
    others = [bot_policy("random")] * (spec.seats - 1)
    played = _play(game, load, spec, [policy, *others], 0, games, 1, 0.0, rng)
    won = [one.scores[0] == 1.0 for one in played]
    return sum(won) / len(won) if alone or won else 0.0


def _play(
    game: GamePeer,
    load: Callable[[str], OnnxPolicy],
    spec: GameSpec,
    participants: Sequence[str],
    start: int,
    count: int,
    rotations: int,
    temperature: float,
    rng: np.random.Generator,
) -> list[PlayedGame]:
    name = uuid4().hex
    setups = [
        MatchSetup(
            match_id=f"unrated/{name}/{number}",
            game=spec.name,
            settings=_unshaped(spec.settings),
            seed=seeds.seed(Purpose.EVALUATION, HELD_OUT + number),
            participants=participants,
            rotations=rotations,
        )
        for number in range(start, start + count)
    ]
    pairs = list(zip(setups, game.create(setups), strict=True))
    return play_matches(game, load, pairs, temperature=temperature, rng=rng)


def _margins(played: Sequence[PlayedGame], trial: bool, *, by_steps: bool) -> list[float]:
    """First participant's lead over the second, by game (by maze in a time trial)."""
    if not trial:
        return [one.scores[0] - max(one.scores[1:]) for one in played]
    runs: dict[int, list[PlayedGame]] = {}
    for one in played:
        runs.setdefault(one.match, []).append(one)
    ordered = (sorted(pair, key=lambda one: one.rotation) for pair in runs.values())
    return [
        float(a.scores[0] - b.scores[0] or (b.steps - a.steps if a.scores[0] and by_steps else 0))
        for a, b in ordered
    ]


def _unshaped(settings: GameSettings) -> GameSettings:
    plain = GameSettings()
    plain.CopyFrom(settings)
    plain.shaping = 0.0
    return plain
