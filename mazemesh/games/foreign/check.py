"""Whether a game keeps what mazemesh expects of games; for those who write one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition
from mazemesh.games.engine import Engine
from mazemesh.games.engines import new_engine
from mazemesh.games.game import Game

GAMES = 4
STEPS = 1000
_SEED = 11


@dataclass(frozen=True)
class Finding:
    """What one check found: whether the game is as it should be, and a line that tells more."""

    check: str
    passed: bool
    detail: str


def check_game(game: Game, steps: int = STEPS) -> Iterator[Finding]:
    """Plays a game at random, `steps` steps of four games, and checks it; the findings one by one.

    Foreign games are checked against their own spaces in every step.
    """
    spec = game.spec()
    yield Finding(
        "spec",
        True,
        f"{spec.seats} seats, {spec.num_actions} actions, {spec.observation_size} "
        f"{spec.observation_dtype} a seat, at most {spec.step_limit} steps",
    )
    try:
        recorded = _Run(game, steps)
        yield from recorded.findings()
        yield _compare(recorded, _Run(game, steps))
        yield _autoreset(game, recorded)
    except FailedPrecondition as error:
        yield Finding("steps", False, str(error))


class _Run:
    """A game played at random under a fixed seed: everything that was seen, step by step."""

    def __init__(self, game: Game, steps: int) -> None:
        self.lost = 0
        self.episodes = 0
        self.seen: list[dict[str, npt.NDArray[Any]]] = []
        self.begun: list[tuple[int, int, npt.NDArray[Any]]] = []
        engine = new_engine(game, None, GAMES, strict=True)
        engine.reset(seed=_SEED, game_id=np.arange(GAMES))
        rng = np.random.default_rng(0)
        self._take(engine)
        start = time.perf_counter()
        for _ in range(steps):
            # A legal action of each seat, all equally likely.
            draw = rng.random(engine.action_mask.shape) * engine.action_mask
            engine.step(draw.argmax(axis=2).astype(np.int8))
            self._take(engine)
        self.seconds = time.perf_counter() - start
        self.moves = steps * engine.taken.size
        engine.close()

    def _take(self, engine: Engine) -> None:
        ended = np.flatnonzero(engine.terminated | engine.truncated).tolist()
        self.lost += int(np.count_nonzero(engine.lost))
        self.episodes += len(ended)
        self.begun += [(g, int(engine.episode[g]), engine.observation[g].copy()) for g in ended]
        names = ("observation", "action_mask", "reward", "terminated", "truncated", "score")
        self.seen.append({name: getattr(engine, name).copy() for name in names})

    def findings(self) -> Iterator[Finding]:
        def first_wrong(name: str, fine: Callable[[npt.NDArray[Any]], Any]) -> int | None:
            wrong = (step for step, seen in enumerate(self.seen) if not np.all(fine(seen[name])))
            return next(wrong, None)

        def legal(mask: npt.NDArray[Any]) -> Any:
            return (mask <= 1).all() and mask.any(axis=2).all()

        yield Finding(
            "steps",
            self.lost == 0,
            f"{self.lost} episodes were lost, as a step failed (see above)"
            if self.lost
            else f"{len(self.seen) - 1} steps of {GAMES} games, none failed",
        )
        for check, name, fine, wanted in (
            ("observations", "observation", np.isfinite, "finite"),
            ("masks", "action_mask", legal, "0 or 1, with a legal action for each seat"),
            ("rewards", "reward", np.isfinite, "finite"),
            ("scores", "score", lambda score: (score >= 0) & (score <= 1), "in 0..1"),
        ):
            step = first_wrong(name, fine)
            detail = f"always {wanted}" if step is None else f"not {wanted} after step {step}"
            yield Finding(check, step is None, detail)
        yield Finding("speed", True, f"{self.moves / self.seconds:,.0f} moves/s in one process")


def _compare(one: _Run, other: _Run) -> Finding:
    for step, (a, b) in enumerate(zip(one.seen, other.seen, strict=True)):
        for name, value in a.items():
            if not np.array_equal(value, b[name]):
                return Finding(
                    "determinism",
                    False,
                    f"{name} differs after step {step}, though seed and actions were the same",
                )
    return Finding("determinism", True, "the same seed and actions gave the same game twice")


def _autoreset(game: Game, run: _Run) -> Finding:
    """Whether an episode that followed another begins as if it had been the first."""
    if not run.begun:
        return Finding(
            "autoreset",
            False,
            f"no episode ended within {len(run.seen) - 1} steps, so this could not be checked; let "
            "it end, or register it with max_episode_steps",
        )
    engine = new_engine(game, None, GAMES)
    try:
        for index, episode, observation in run.begun[:20]:
            engine.reset([index], seed=_SEED, game_id=index, episode=episode)
            if not np.array_equal(engine.observation[index], observation):
                return Finding(
                    "autoreset",
                    False,
                    f"episode {episode} begins otherwise after another than by itself: a reset "
                    "leaves something behind",
                )
    finally:
        engine.close()
    return Finding("autoreset", True, f"{run.episodes} episodes ended, and new ones began")
