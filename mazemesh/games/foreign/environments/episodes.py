"""Steps the environments of one worker and writes what happens into the shared arrays."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mazemesh.games.foreign.environments.environment import GONE, RUNNING, TRUNCATED, Environment
from mazemesh.games.foreign.seats.memory import Arrays
from mazemesh.games.foreign.seats.scoring import scores
from mazemesh.games.spaces import Discrete, Space, single
from mazemesh.games.spaces.arrays import mask_columns
from mazemesh.games.spaces.choosing import draw_action, make_legal

_EXTERNAL = -1

DEFAULT_STEP_LIMIT = 10_000
"""Steps after which an episode is truncated, where neither environment nor settings say."""

MOST_FAILURES = 10
"""Of one game in a row, after which it is given up."""


class Episodes:
    """Games `first` .. `last` - 1 of an engine, each in an environment of its own.

    An environment that raises, in a step, a reset or when it is made, loses its episode and is
    replaced by a new one; the others play on.

    Args:
        make: Makes an environment.
        arrays: Of all games of the engine.
        action_space: Of their seats.
        first, last: Which of them are played here.
        step_limit: Steps after which an episode is truncated.
        autoreset: Whether the next episode begins in the step that ends one.

    Attributes:
        error: What the last environment that failed raised.
    """

    def __init__(
        self,
        make: Callable[[], Environment],
        arrays: Arrays,
        action_space: Space,
        first: int,
        last: int,
        *,
        step_limit: int,
        autoreset: bool,
    ) -> None:
        self.error = ""
        self._make = make
        self._arrays = arrays
        self._games = range(first, last)
        self._rows = {game: arrays.rows(game) for game in self._games}
        self._action_space = action_space
        self._numbered = isinstance(single(action_space), Discrete)
        self._masks = tuple(column.name for column in mask_columns(action_space))
        self._step_limit = step_limit
        self._autoreset = autoreset
        self._environments: dict[int, Environment] = {}
        self._seats: dict[int, list[int]] = {}
        self._returns: dict[int, npt.NDArray[np.float32]] = {}
        self._present: dict[int, npt.NDArray[np.bool_]] = {}
        self._bots: dict[int, np.random.Generator | None] = {}

    def reset(self, games: Iterable[int]) -> None:
        """Begins the episodes that `seed`, `game_id`, `episode` and `rotation` name.

        One that does not begin is lost: under autoreset the game goes on with the next, otherwise
        it is not active.

        Raises:
            RuntimeError: many episodes of a game in a row do not begin.
        """
        arrays = self._arrays
        for game in games:
            arrays.terminated[game] = arrays.truncated[game] = arrays.lost[game] = False
            arrays.seat_status[game] = RUNNING
            self._begin(game)
            arrays.taken[game] = np.zeros((), arrays.taken.dtype)
            arrays.episode_steps[game] = 0
            arrays.episode_return[game] = arrays.reward[game] = arrays.score[game] = 0.0
            arrays.success[game] = False

    def step(self) -> None:
        """Plays one step of all active games.

        Raises:
            RuntimeError: many episodes of a game in a row do not begin.
        """
        arrays = self._arrays
        own = slice(self._games.start, self._games.stop)
        arrays.taken[own] = np.zeros((), arrays.taken.dtype)
        for flags in (arrays.terminated, arrays.truncated, arrays.lost, arrays.success):
            flags[own] = False
        arrays.reward[own] = 0.0
        arrays.score[own] = 0.0
        arrays.seat_status[own] = GONE
        for game in self._games:
            if arrays.active[game]:
                self._step(game)

    def _step(self, game: int) -> None:
        arrays = self._arrays
        try:
            taken = self._choose(game)
            arrays.taken[game] = taken
            self._tell(0)
            over = self._environments[game].step(taken, self._seats[game], self._rows[game])
            steps = int(arrays.steps[game]) + 1
            cut = not over and steps >= self._step_limit
            if cut:
                self._tell(0)
                self._environments[game].cut_off(self._seats[game], self._rows[game])
        except Exception as error:  # whatever the environment's own code raises
            self._lose(game, error)
            return
        status = arrays.seat_status[game]
        self._returns[game] += arrays.reward[game]
        arrays.episode_return[game] = self._returns[game]
        arrays.steps[game] = arrays.episode_steps[game] = steps
        if cut:
            status[status == RUNNING] = TRUNCATED
        # One that comes back has left before this step, but acts in the next.
        self._present[game] = (status == RUNNING) | arrays.acting[game]
        if over or cut:
            # Whoever was cut off has a last observation to go by.
            arrays.truncated[game] = (status == TRUNCATED).any()
            arrays.terminated[game] = not arrays.truncated[game]
            description = self._environments[game].description
            arrays.score[game] = scores(arrays.episode_return[game], description.reward_threshold)
            told = self._environments[game].successes(self._seats[game])
            for seat, score in enumerate(arrays.score[game].tolist()):
                arrays.success[game, seat] = told.get(seat, score == 1.0)
            self._end(game)

    def _lose(self, game: int, error: Exception) -> None:
        arrays = self._arrays
        self._discard(game, error)
        arrays.reward[game] = 0.0
        arrays.lost[game] = True
        # A lost episode has no outcome; for a learner it is one that was cut off.
        arrays.truncated[game] = self._autoreset
        arrays.seat_status[game] = np.where(self._present[game], TRUNCATED, GONE)
        self._end(game)

    def _discard(self, game: int, error: Exception) -> None:
        """Gives up an environment that failed, if there is one."""
        self.error = f"{type(error).__name__}: {error}"
        environment = self._environments.pop(game, None)
        if environment is not None:
            with contextlib.suppress(Exception):
                self._tell(1)
                environment.close()

    def _end(self, game: int) -> None:
        arrays = self._arrays
        arrays.keep_last(game)
        if not self._autoreset:
            arrays.active[game] = False
            arrays.acting[game] = False
            return
        arrays.episode[game] += 1
        # `taken`, `episode_return` and `episode_steps` still tell of the episode that has ended.
        self._begin(game, goes_on=True)

    def _begin(self, game: int, *, goes_on: bool = False) -> None:
        """Begins the game's episode, or under autoreset the next one that begins at all.

        `goes_on`: the environment has just played the one before.
        """
        arrays = self._arrays
        for _ in range(MOST_FAILURES):
            try:
                self._try_to_begin(game, goes_on)
            except Exception as error:  # whatever the environment's own code raises
                self._discard(game, error)
            else:
                return
            if not self._autoreset:
                arrays.lost[game], arrays.active[game] = True, False
                arrays.acting[game] = False
                return
            arrays.episode[game] += 1
        raise RuntimeError(f"{MOST_FAILURES} episodes in a row did not begin: {self.error}")

    def _try_to_begin(self, game: int, goes_on: bool) -> None:
        arrays = self._arrays
        count = arrays.controller.shape[1]
        rotation = int(arrays.rotation[game])
        # Agent a takes the place a; seat s starts at place (s + rotation) % seats.
        self._seats[game] = [(agent - rotation) % count for agent in range(count)]
        arrays.controller[game] = arrays.next_controller[game]
        seed = episode_seed(*(int(a[game]) for a in (arrays.seed, arrays.game_id, arrays.episode)))
        bots = bool((arrays.controller[game] != _EXTERNAL).any())
        self._bots[game] = np.random.default_rng(seed) if bots else None
        seeded = not goes_on
        if game not in self._environments:
            self._tell(1)
            self._environments[game], seeded = self._make(), True
        self._tell(1)
        environment = self._environments[game]
        told = seed if seeded or not environment.slow_to_seed else None
        environment.reset(told, self._seats[game], self._rows[game])
        self._returns[game] = np.zeros(count, np.float32)
        self._present[game] = self._environments[game].present(self._seats[game])
        arrays.steps[game] = 0
        arrays.active[game] = True

    def _tell(self, long: int) -> None:
        """Tells the engine that another call of an environment begins; 1: it may take long."""
        pulse = self._arrays.pulse
        first = self._games.start
        pulse[first] = (int(pulse[first]) >> 1) + 1 << 1 | long

    def _choose(self, game: int) -> Sequence[Any]:
        """What each seat does: an action that the mask forbids becomes the first legal one."""
        arrays, rows = self._arrays, self._rows[game]
        waits = self._environments[game].description.may_wait
        acting = rows.acting.tolist() if waits else None
        chosen: Any
        if self._numbered:
            mask = rows.mask[0]
            chosen = actions = arrays.actions[game].tolist()
            for seat, action in enumerate(actions):
                if acting is not None and not acting[seat]:
                    actions[seat] = 0
                elif not 0 <= action < mask.shape[1] or not mask[seat, action]:
                    actions[seat] = int(mask[seat].argmax())
        else:
            masks = dict(zip(self._masks, rows.mask, strict=True))
            chosen = made = make_legal(self._action_space, arrays.actions[game], masks)
            if acting is not None:
                made[~rows.acting] = np.zeros((), made.dtype)
        self._let_bots_choose(game, chosen)
        return cast("Sequence[Any]", chosen)

    def _let_bots_choose(self, game: int, chosen: Any) -> None:
        rng, rows = self._bots[game], self._rows[game]
        if rng is None:
            return
        waits = self._environments[game].description.may_wait
        for seat in np.flatnonzero(self._arrays.controller[game] != _EXTERNAL).tolist():
            if waits and not rows.acting[seat]:
                continue
            masks = {name: mask[seat] for name, mask in zip(self._masks, rows.mask, strict=True)}
            drawn = draw_action(self._action_space, masks, rng)
            chosen[seat] = int(drawn) if self._numbered else drawn


def episode_seed(seed: int, game_id: int, episode: int) -> int:
    """The environment's seed of an episode: 31 bits of BLAKE2b over what names it."""
    name = b"".join(number.to_bytes(8, "little") for number in (seed, game_id, episode))
    return int.from_bytes(hashlib.blake2b(name, digest_size=4).digest(), "little") >> 1
