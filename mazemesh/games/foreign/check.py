"""Whether a game keeps what mazemesh expects of games; for those who write one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition
from mazemesh.games.engine import Engine
from mazemesh.games.engines import new_engine
from mazemesh.games.foreign.game import ForeignGame
from mazemesh.games.game import Game
from mazemesh.games.settings import GameSettings
from mazemesh.games.spaces import told
from mazemesh.games.spaces.choosing import draw_action

GAMES = 4
STEPS = 1000
_SEED = 11
_BEGUN = 20


@dataclass(frozen=True)
class Finding:
    """What one check found: whether the game is as it should be, and a line that tells more."""

    check: str
    passed: bool
    detail: str


def check_game(game: Game, steps: int = STEPS) -> Iterator[Finding]:
    """Plays a game at random, `steps` steps of four games, and checks it; the findings one by one.

    Foreign games are checked against their own spaces in every step. Episodes are cut off in time
    for two of each game, so that what follows one is seen too.
    """
    settings = _short(game, steps)
    spec = game.spec(settings)
    turns = ", in turns or with pauses" if spec.may_wait else ""
    yield Finding(
        "spec",
        True,
        f"{spec.seats} seats{turns}; each sees {told(spec.observation_space)} and gives "
        f"{told(spec.action_space)}; at most {game.spec().step_limit} steps",
    )
    try:
        recorded = _Run(game, settings, steps)
        yield from recorded.findings()
        yield _compare(recorded, _Run(game, settings, steps))
        if not _is_vector(game):
            yield _autoreset(game, settings, recorded)
    except FailedPrecondition as error:
        yield Finding("steps", False, str(error))


def _is_vector(game: Game) -> bool:
    """Whether episodes begin by themselves alone, so that there is nothing to compare them to."""
    return isinstance(game, ForeignGame) and game.description.vector


def _short(game: Game, steps: int) -> GameSettings:
    own = game.resolve(GameSettings())
    if _is_vector(game):
        return own
    limit = min(own.step_limit, max(1, steps // 2))
    return game.resolve(replace(own, step_limit=limit))


_FINE: tuple[tuple[str, str, Callable[[npt.NDArray[Any]], Any]], ...] = (
    ("observations", "finite", lambda array: np.isfinite(array).all()),
    (
        "masks",
        "0 or 1, with a legal action for each seat",
        lambda mask: (mask <= 1).all() and mask.any(axis=2).all(),
    ),
    ("rewards", "finite", lambda reward: np.isfinite(reward).all()),
    ("scores", "in 0..1", lambda score: ((score >= 0) & (score <= 1)).all()),
    ("turns", "taken by somebody", lambda acting: not acting.size or acting.any()),
)
"""By check, what is always so, and whether it is."""


class _Run:
    """A game played at random under a fixed seed: what was seen, as digests, step by step."""

    def __init__(self, game: Game, settings: GameSettings, steps: int) -> None:
        self.lost = 0
        self.episodes = 0
        self.seen: list[dict[str, bytes]] = []
        self.begun: list[tuple[int, int, bytes]] = []
        self._wrong: dict[str, int] = {}
        engine = new_engine(game, settings, GAMES, strict=True)
        engine.reset(seed=_SEED, game_id=np.arange(GAMES))
        rng = np.random.default_rng(0)
        self._take(engine)
        self.moves, self.seconds = 0, 0.0
        for _ in range(steps):
            self.moves += int(np.count_nonzero(engine.acting)) or engine.taken.size
            actions = _draw(engine, rng)
            start = time.perf_counter()
            engine.step(actions)
            self.seconds += time.perf_counter() - start
            self._take(engine)
        engine.close()

    def _take(self, engine: Engine) -> None:
        ended = np.flatnonzero(engine.terminated | engine.truncated).tolist()
        self.lost += int(np.count_nonzero(engine.lost))
        self.episodes += len(ended)
        self.begun += [(g, int(engine.episode[g]), _first(engine, g)) for g in ended]
        columns = {**engine.observations, **engine.action_masks}
        arrays = dict(columns)
        for name in ("reward", "terminated", "truncated", "score", "acting"):
            arrays[name] = getattr(engine, name)
        self.seen.append({name: _digest(array) for name, array in arrays.items()})
        checked = {
            "observations": engine.observations.values(),
            "masks": engine.action_masks.values(),
            "rewards": (engine.reward,),
            "scores": (engine.score,),
            "turns": (engine.acting,),
        }
        for check, _, fine in _FINE:
            if not all(map(fine, checked[check])):
                self._wrong.setdefault(check, len(self.seen) - 1)

    def findings(self) -> Iterator[Finding]:
        yield Finding(
            "steps",
            self.lost == 0,
            f"{self.lost} episodes were lost, as a step failed (see above)"
            if self.lost
            else f"{len(self.seen) - 1} steps of {GAMES} games, none failed",
        )
        for check, wanted, _ in _FINE:
            step = self._wrong.get(check)
            detail = f"always {wanted}" if step is None else f"not {wanted} after step {step}"
            yield Finding(check, step is None, detail)
        yield Finding("speed", True, f"{self.moves / self.seconds:,.0f} moves/s in one process")


def _draw(engine: Engine, rng: np.random.Generator) -> npt.NDArray[Any]:
    """A legal action of each seat, all equally likely."""
    space = engine.spec.action_space
    if engine.spec.has_numbered_actions:
        draw = rng.random(engine.action_mask.shape) * engine.action_mask
        chosen: npt.NDArray[Any] = draw.argmax(axis=2).astype(engine.taken.dtype)
        return chosen
    actions = np.zeros_like(engine.taken)
    for place in np.ndindex(actions.shape):
        masks = {name: mask[place] for name, mask in engine.action_masks.items()}
        actions[place] = draw_action(space, masks, rng)
    return actions


def _first(engine: Engine, game: int) -> bytes:
    return b"".join(_digest(column[game]) for column in engine.observations.values())


def _digest(array: npt.NDArray[Any]) -> bytes:
    return hashlib.blake2b(array.tobytes(), digest_size=16).digest()


def _compare(one: _Run, other: _Run) -> Finding:
    for step, (a, b) in enumerate(zip(one.seen, other.seen, strict=True)):
        for name, value in a.items():
            if value != b[name]:
                return Finding(
                    "determinism",
                    False,
                    f"{name} differs after step {step}, though seed and actions were the same",
                )
    return Finding("determinism", True, "the same seed and actions gave the same game twice")


def _autoreset(game: Game, settings: GameSettings, run: _Run) -> Finding:
    """Whether an episode that followed another begins as if it had been the first."""
    engine = new_engine(game, settings, GAMES)
    try:
        for index, episode, begun in run.begun[:_BEGUN]:
            engine.reset([index], seed=_SEED, game_id=index, episode=episode)
            if _first(engine, index) != begun:
                return Finding(
                    "autoreset",
                    False,
                    f"episode {episode} begins otherwise after another than by itself: a reset "
                    "leaves something behind",
                )
    finally:
        engine.close()
    return Finding("autoreset", True, f"{run.episodes} episodes ended, and new ones began")
