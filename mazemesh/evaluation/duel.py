"""Unrated games on held-out mazes: how well a policy does alone, and which of two is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import uuid4

import numpy as np

from mazemesh.analysis.tally import Tally
from mazemesh.client.channel import MAX_MESSAGE_BYTES
from mazemesh.evaluation.matches import GamePeer, PlayedGame, play_matches
from mazemesh.games import Catalogue, Purpose, bot_code, bot_policy, is_bot, seeds
from mazemesh.games.engines import new_engine
from mazemesh.games.ladder import faster_is_better, is_time_trial, sides
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.game_pb2 import GameSettings, GameSpec, MatchSetup
from mazemesh.wire.specs import settings_from_proto, spec_from_proto

HELD_OUT = 1 << 40
"""First number of the evaluation seeds used here; rating matches count up from 0."""

_BATCH = 256

_STEP_BYTES = MAX_MESSAGE_BYTES // 2
"""Of the answer to a step of RunGames at most."""


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
    own_games: Catalogue | None = None,
) -> Tally:
    """Plays `games` games or a few more between two participants: all on every maze.

    A maze is played with the places swapped; in a game of teams each participant holds a whole one.
    Where more than two sides play, each participant in turn holds one against all others, in every
    place, so that two equal ones win as much. A game is won by whose best seat is ahead.

    In a game of one seat, or whose players all win and lose together, each plays every maze by
    itself, all seats; solved beats unsolved, faster beats slower (in a foreign game two that are
    solved are a draw, as faster need not be better there). There bots play in this process, foreign
    games only those of `own_games`.

    Raises:
        InvalidArgument: a bot is to play a foreign game that is not among `own_games`.
        MazemeshError: a participant or the Game service is not available.
    """
    trial = is_time_trial(spec.seats, spec.teams)
    number = sides(spec.seats, spec.teams)
    on_a_maze = 1 if trial else number if number == 2 else 2 * number
    mazes = -(-games // on_a_maze)
    tally = Tally(())
    for start in range(0, mazes, _BATCH):
        batch = range(start, min(start + _BATCH, mazes))
        if trial:
            one, other = (
                play_bot(spec, name, batch, own_games)
                if is_bot(name)
                else _play(game, load, spec, [name] * spec.seats, batch, 1, temperature, rng)
                for name in participants
            )
            leads = [[lead] for lead in _leads(one, other, by_steps=faster_is_better(spec.name))]
        else:
            leads = [[] for _ in batch]
            for sign, one_side, others in _line_ups(participants, number):
                seated = [one_side, *[others] * (number - 1)]
                played = _play(game, load, spec, seated, batch, 0, temperature, rng)
                for finished in played:
                    leads[finished.match].append(sign * finished.lead_of_first())
        tally += Tally.of(leads)
        progress(tally.games)
    return tally


def _line_ups(participants: tuple[str, str], number: int) -> list[tuple[int, str, str]]:
    """Sign of the first participant's lead, who holds one side, and who all others."""
    first, second = participants
    return [(1, first, second)] if number == 2 else [(1, first, second), (-1, second, first)]


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
    share that a team of this policy solves; otherwise the share of games won against bot/random on
    all other sides, in games of teams in every role. What success is the game says
    (GameFinished.successes).
    """
    trial = is_time_trial(spec.seats, spec.teams)
    number = spec.seats if trial else sides(spec.seats, spec.teams)
    others = [policy if trial else bot_policy("random")] * (number - 1)
    rotations = 1 if trial or not spec.teams else 0
    played = _play(game, load, spec, [policy, *others], range(games), rotations, 0.0, rng)
    solved = sum(one.successes[one.holders.index(0)] for one in played)
    return solved / max(len(played), 1)


def play_bot(
    spec: GameSpec, bot: str, mazes: range, own_games: Catalogue | None = None
) -> list[PlayedGame]:
    """What a bot does by itself on held-out mazes, holding all seats; played in this process.

    Raises:
        InvalidArgument: a foreign game that is not among `own_games`.
    """
    engine = new_engine(
        (own_games or Catalogue()).get(spec.name),
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
    # A step of all games that are played together has to fit into a message.
    most = max(1, _STEP_BYTES // (spec_from_proto(spec).step_bytes * (rotations or spec.seats)))
    played: list[PlayedGame] = []
    for begin in range(0, len(setups), most):
        part = setups[begin : begin + most]
        pairs = list(zip(part, game.create(part), strict=True))
        found = play_matches(game, load, pairs, temperature=temperature, rng=rng)
        played += [replace(one, match=begin + one.match) for one in found]
    return played


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
