"""What was played in the games of a batch, step by step: from it replays are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mazemesh.game_replay import chain

if TYPE_CHECKING:
    from mazemesh.games.engine import BatchEngine

HASH_INTERVAL = 16
"""Steps between two hashes: where a replay goes wrong is known to within so many."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One game from its first step to its last.

    Attributes:
        actions: int8 [steps, seats], what each seat really did.
        hashes: after every `HASH_INTERVAL`-th step, and after the last one.
    """

    actions: npt.NDArray[np.int8]
    hashes: tuple[int, ...]


class Tape:
    """Records all games of an engine that does not begin episodes by itself."""

    def __init__(self, engine: BatchEngine) -> None:
        self._engine = engine
        self._taken: list[npt.NDArray[np.int8]] = []
        self._states: list[list[int]] = [[] for _ in range(engine.num_games)]

    def note(self) -> None:
        """Takes up the step that the engine has just played."""
        engine = self._engine
        self._taken.append(engine.taken.copy())
        due = engine.terminated | engine.truncated
        if len(self._taken) % HASH_INTERVAL == 0:
            due |= engine.active
        for game in np.flatnonzero(due).tolist():
            self._states[game].append(engine.state_hash(game))

    def recording(self, game: int, steps: int) -> Recording:
        """A game that ended after so many steps."""
        actions = np.array([taken[game] for taken in self._taken[:steps]], np.int8)
        hashes: list[int] = []
        for number, state in enumerate(self._states[game]):
            since = actions[number * HASH_INTERVAL : (number + 1) * HASH_INTERVAL]
            hashes.append(chain(hashes[-1] if hashes else 0, since, state))
        return Recording(actions, tuple(hashes))
