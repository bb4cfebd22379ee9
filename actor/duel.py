"""Unrated games on held-out mazes: how well a policy does alone, and which of two is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from uuid import uuid4

import numpy as np

from actor.matches import GamePeer, PlayedGame, play_matches
from actor.policy import OnnxPolicy
from mazemesh.games import Purpose, bot_code, bot_policy, get_game, is_bot, seeds
from mazemesh.games.engines import new_engine
from mazemesh.games.foreign import is_foreign
from mazemesh.games.ladder import is_time_trial
from mazemesh.v1.game_pb2 import GameSettings, GameSpec, MatchSetup
from mazemesh.wire import settings_from_proto

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

    In a game of one seat, or whose players all win and lose together, each plays every maze by
    itself, all seats; solved beats unsolved, faster beats slower (in a foreign game two that are
    solved are a draw, as faster need not be better there).

    Raises:
        MazemeshError: a participant or the Game service is not available.
    """
    wins = draws = losses = 0
    trial = is_time_trial(spec.seats, spec.teams)
    matches = games if trial else (games + 1) // 2
    for start in range(0, matches, _BATCH):
        mazes = range(start, min(start + _BATCH, matches))
        if trial:
            one, other = (
                play_bot(spec, name, mazes)
                if is_bot(name)
                else _play(game, load, spec, [name] * spec.seats, mazes, 1, temperature, rng)
                for name in participants
            )
            margins = _leads(one, other, by_steps=not is_foreign(spec.name))
        else:
            played = _play(game, load, spec, participants, mazes, 0, temperature, rng)
            margins = [game.scores[0] - max(game.scores[1:]) for game in played]
        for margin in margins:
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

    In a game of one seat the share of mazes solved, in one whose players win and lose together the
    share that a team of this policy solves; otherwise the share of games won against bot/random.
    What success is the game says (GameFinished.successes).
    """
    trial = is_time_trial(spec.seats, spec.teams)
    others = [policy if trial else bot_policy("random")] * (spec.seats - 1)
    played = _play(game, load, spec, [policy, *others], range(games), 1, 0.0, rng)
    return sum(one.successes[0] for one in played) / max(len(played), 1)


def play_bot(spec: GameSpec, bot: str, mazes: range) -> list[PlayedGame]:
    """What a bot does by itself on held-out mazes, holding all seats; played in this process."""
    engine = new_engine(
        get_game(spec.name),
        settings_from_proto(_unshaped(spec.settings)),
        len(mazes),
        autoreset=False,
    )
    engine.next_controller[...] = bot_code(bot)
    engine.reset(seed=np.array([_seed(number) for number in mazes], np.uint64))
    nothing = np.zeros_like(engine.taken)
    played: list[PlayedGame] = []
    while engine.active.any():
        engine.step(nothing)
        for index in np.flatnonzero(engine.terminated | engine.truncated).tolist():
            scores, steps = tuple(engine.score[index].tolist()), int(engine.episode_steps[index])
            successes = tuple(engine.success[index].tolist())
            played.append(PlayedGame(index, 0, (bot,) * spec.seats, scores, steps, successes))
    engine.close()
    return played


def _play(
    game: GamePeer,
    load: Callable[[str], OnnxPolicy],
    spec: GameSpec,
    participants: Sequence[str],
    mazes: range,
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
            seed=_seed(number),
            participants=participants,
            rotations=rotations,
        )
        for number in mazes
    ]
    pairs = list(zip(setups, game.create(setups), strict=True))
    return play_matches(game, load, pairs, temperature=temperature, rng=rng)


def _leads(
    ones: Sequence[PlayedGame], others: Sequence[PlayedGame], *, by_steps: bool
) -> list[float]:
    """Lead of one side over the other on each maze that both finished."""
    by_maze = {other.match: other for other in others}
    pairs = [(one, by_maze[one.match]) for one in ones if one.match in by_maze]
    return [
        float(a.scores[0] - b.scores[0] or (b.steps - a.steps if a.scores[0] and by_steps else 0))
        for a, b in pairs
    ]


def _seed(number: int) -> int:
    return seeds.seed(Purpose.EVALUATION, HELD_OUT + number)


def _unshaped(settings: GameSettings) -> GameSettings:
    plain = GameSettings()
    plain.CopyFrom(settings)
    plain.shaping = 0.0
    return plain
