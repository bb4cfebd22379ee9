"""What was played in the games of a batch, step by step: from it recordings are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.game_replay import chain
from mazemesh.games import Engine

HASH_INTERVAL: Final = 16
"""Steps between two hashes: where a recording goes wrong is known to within so many."""

HASH_BYTES: Final = 48
"""What a hash takes in memory: a number of Python and its place in a list."""

_FIRST_STEPS: Final = 64


@dataclass(frozen=True, slots=True)
class Recording:
    """One game from its first step to its last.

    Attributes:
        actions: [steps, seats] of the engine's `taken`, what each seat really did.
        hashes: after every `HASH_INTERVAL`-th step, and after the last one.
    """

    actions: npt.NDArray[Any]
    hashes: tuple[int, ...]


class Tape:
    """Records all games of an engine that does not begin episodes by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._steps = 0
        self._limit = engine.spec.step_limit
        # [steps there is room for, games, seats]
        self._taken = np.zeros(
            (min(_FIRST_STEPS, self._limit), *engine.taken.shape), engine.taken.dtype
        )
        self._states: list[list[int]] = [[] for _ in range(engine.num_games)]

    def note(self) -> None:
        """Takes up the step that the engine has just played."""
        engine = self._engine
        if self._steps == len(self._taken):
            self._grow()
        self._taken[self._steps] = engine.taken
        self._steps += 1
        due = engine.terminated | engine.truncated
        if self._steps % HASH_INTERVAL == 0:
            due |= engine.active
        for game in np.flatnonzero(due).tolist():
            self._states[game].append(engine.state_hash(game))

    def recording(self, game: int, steps: int) -> Recording:
        """A game that ended after so many steps."""
        actions = self._taken[:steps, game].copy()
        hashes: list[int] = []
        for number, state in enumerate(self._states[game]):
            since = actions[number * HASH_INTERVAL : (number + 1) * HASH_INTERVAL]
            hashes.append(chain(hashes[-1] if hashes else 0, since, state))
        return Recording(actions, tuple(hashes))

    def _grow(self) -> None:
        larger = np.zeros((max(2 * self._steps, 1), *self._taken.shape[1:]), self._taken.dtype)
        if self._steps < self._limit:
            larger = larger[: self._limit]
        larger[: self._steps] = self._taken
        self._taken = larger
