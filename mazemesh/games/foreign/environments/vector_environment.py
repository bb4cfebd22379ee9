"""A vector environment of Gymnasium: one alone as an `Environment`, many at once as `Episodes`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from mazemesh.games.foreign.environments.environment import GONE, RUNNING, TERMINATED, TRUNCATED
from mazemesh.games.foreign.environments.episodes import DEFAULT_STEP_LIMIT, episode_seed
from mazemesh.games.foreign.environments.gymnasium_environment import taken_apart
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.memory import Arrays
from mazemesh.games.foreign.seats.rows import BoolArray, Rows
from mazemesh.games.foreign.seats.scoring import scores
from mazemesh.games.foreign.seats.seat_writer import MASK, SeatWriter, checked_reward
from mazemesh.games.spaces.arrays import action_dtype, mask_columns
from mazemesh.games.spaces.choosing import draw_action, make_legal


class VectorEnvironment:
    """A vector of environments; of one alone it is an `Environment`, whose episodes have names.

    Attributes:
        description: The game of one seat that each of them is.
        size: How many there are.
        mode: How it begins next episodes.
    """

    slow_to_seed = False

    def __init__(self, vector: Any, version: int, package: str, *, strict: bool) -> None:
        self._vector = vector
        self._action_space = vector.single_action_space
        self._seen_space = vector.single_observation_space
        self.writer = SeatWriter(self._seen_space, self._action_space, strict=strict)
        self._fields = action_dtype(self.writer.actions.space).names or ()
        self._told: bool | None = None
        self.size: int = vector.num_envs
        self.mode = AutoresetMode(vector.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
        spec = getattr(vector, "spec", None)
        self.description = Description(
            agents=("",),
            observation_space=self.writer.observations.space,
            action_space=self.writer.actions.space,
            # It cuts off its episodes itself, if anybody does.
            step_limit=(spec and spec.max_episode_steps) or DEFAULT_STEP_LIMIT,
            reward_threshold=spec.reward_threshold if spec else None,
            may_wait=self.mode is AutoresetMode.NEXT_STEP,
            version=version,
            package=package,
            vector=True,
        )

    def begin(self, seed: int | None) -> tuple[list[Any], dict[str, Any]]:
        """Begins an episode in all of them; what each sees, and their infos."""
        seen, infos = self._vector.reset(seed=seed)
        return list(iterate(self._vector.observation_space, seen)), infos

    def begin_some(self, which: BoolArray) -> tuple[list[Any], dict[str, Any]]:
        """Begins the next episode in some, where the vector does not do so itself."""
        seen, infos = self._vector.reset(options={"reset_mask": which})
        return list(iterate(self._vector.observation_space, seen)), infos

    def play(
        self, actions: Iterable[Any]
    ) -> tuple[list[Any], npt.NDArray[Any], BoolArray, BoolArray, dict[str, Any]]:
        """Plays one step in all of them; what each sees, rewards, terminated, truncated, infos."""
        join = self.writer.actions.join
        chosen = [join(taken_apart(action, self._fields)) for action in actions]
        batch: Any = create_empty_array(self._action_space, self.size)
        batch = concatenate(self._action_space, chosen, batch)
        seen, earned, terminated, truncated, infos = self._vector.step(batch)
        shown = list(iterate(self._vector.observation_space, seen))
        return shown, np.asarray(earned), np.asarray(terminated), np.asarray(truncated), infos

    def reset(self, seed: int | None, seat: Sequence[int], rows: Rows) -> None:
        """See `Environment`."""
        seen, infos = self.begin(seed)
        self._told = None
        self.writer.see(seen[0], info_of(infos, 0), rows, 0)
        rows.acting[0] = True

    def step(self, actions: Sequence[Any], seat: Sequence[int], rows: Rows) -> bool:
        """See `Environment`."""
        seen, earned, terminated, truncated, infos = self.play(actions)
        over = bool(terminated[0] or truncated[0])
        info = info_of(infos, 0)
        shown = last_of(infos, 0, seen[0]) if over else seen[0]
        rows.reward[0] = checked_reward(earned[0])
        self.writer.see(shown, info, rows, 0)
        told = info.get("is_success")
        self._told = None if told is None else bool(told)
        rows.status[0] = TERMINATED if terminated[0] else TRUNCATED if over else RUNNING
        return over

    def cut_off(self, seat: Sequence[int], rows: Rows) -> None:
        """All is told already."""

    def present(self, seat: Sequence[int]) -> BoolArray:
        """See `Environment`."""
        return np.ones(1, np.bool_)

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """See `Environment`."""
        return {} if self._told is None else {0: self._told}

    def close(self) -> None:
        """See `Environment`."""
        self._vector.close()


def info_of(infos: dict[str, Any], index: int) -> dict[str, Any]:
    """What one environment says, of what is read: arrays have a mask of who said something."""
    info: dict[str, Any] = {}
    for name in (MASK, "is_success"):
        if name in infos and bool(
            np.asarray(infos.get(f"_{name}", True)).flat[index : index + 1].all()
        ):
            info[name] = infos[name][index]
    return info


def last_of(infos: dict[str, Any], index: int, seen: Any) -> Any:
    """What was seen last in an episode that ended, where the next one is shown already."""
    final = infos.get("final_obs")
    return seen if final is None or final[index] is None else final[index]


class VectorEpisodes:
    """Games `first` .. `last` - 1 of an engine, all in one vector, each with one seat.

    The vector draws all their chance: the same engine plays the same games again, but an episode
    cannot be begun by its name alone. So it is for training; in matches each game is a vector of
    its own. Where the vector begins a next episode in the step after (`AutoresetMode.NEXT_STEP`),
    the seat waits in that step (`acting`).

    Args:
        make: Makes a vector of so many.
        arrays: Of all games of the engine.
        first, last: Which of them are played here.
    """

    def __init__(
        self, make: Callable[[int], VectorEnvironment], arrays: Arrays, first: int, last: int
    ) -> None:
        self.error = ""
        self._arrays = arrays
        self._games = range(first, last)
        self._own = slice(first, last)
        self._rows = [arrays.rows(game) for game in self._games]
        self._vector = make(len(self._games))
        self._space = self._vector.description.action_space
        self._masks = tuple(column.name for column in mask_columns(self._space))
        self._waits = np.zeros(len(self._games), np.bool_)
        self._bots = np.random.default_rng(0)

    def reset(self, games: Iterable[int]) -> None:
        """Begins the first episodes, of all games at once.

        Raises:
            RuntimeError: of some games alone.
        """
        arrays, own, first = self._arrays, self._own, self._games.start
        if sorted(games) != list(self._games):
            raise RuntimeError("a vector begins all its games at once, not some of them")
        name = (int(array[first]) for array in (arrays.seed, arrays.game_id, arrays.episode))
        seed = episode_seed(*name)
        self._tell(1)
        seen, infos = self._vector.begin(seed)
        self._bots = np.random.default_rng(seed)
        self._waits[...] = False
        for flags in (arrays.terminated, arrays.truncated, arrays.lost, arrays.success):
            flags[own] = False
        for numbers in (arrays.episode_return, arrays.reward, arrays.score):
            numbers[own] = 0.0
        arrays.steps[own] = arrays.episode_steps[own] = 0
        arrays.taken[own] = np.zeros((), arrays.taken.dtype)
        arrays.controller[own] = arrays.next_controller[own]
        arrays.seat_status[own] = RUNNING
        arrays.active[own] = arrays.acting[own] = True
        for index, rows in enumerate(self._rows):
            self._vector.writer.see(seen[index], info_of(infos, index), rows, 0)

    def step(self) -> None:
        """Plays one step of all games."""
        arrays, own = self._arrays, self._own
        for flags in (arrays.terminated, arrays.truncated, arrays.success):
            flags[own] = False
        arrays.score[own] = 0.0
        taken = self._choose()
        arrays.taken[own, 0] = taken
        self._tell(0)
        seen, earned, terminated, truncated, infos = self._vector.play(taken)
        waited = self._waits.copy()
        ended = (terminated | truncated) & ~waited
        begun = arrays.steps[own] == 0
        arrays.episode_return[own][begun] = 0.0
        arrays.steps[own] += ~waited
        arrays.reward[own, 0] = np.where(waited, 0.0, list(map(checked_reward, earned)))
        arrays.episode_return[own] += arrays.reward[own]
        arrays.episode_steps[own] = np.where(waited, 0, arrays.steps[own])
        arrays.terminated[own], arrays.truncated[own] = terminated & ended, truncated & ended
        arrays.truncated[own] &= ~arrays.terminated[own]
        arrays.seat_status[own, 0] = np.where(
            arrays.terminated[own], TERMINATED, np.where(arrays.truncated[own], TRUNCATED, RUNNING)
        )
        arrays.seat_status[own, 0][waited] = GONE
        for index, rows in enumerate(self._rows):
            shown = last_of(infos, index, seen[index]) if ended[index] else seen[index]
            self._vector.writer.see(shown, info_of(infos, index), rows, 0)
        if ended.any():
            self._end(ended, seen, infos)
        self._waits = ended if self._vector.mode is AutoresetMode.NEXT_STEP else self._waits & False
        arrays.acting[own, 0] = ~self._waits

    def _end(self, ended: BoolArray, seen: list[Any], infos: dict[str, Any]) -> None:
        """Keeps how episodes ended, and shows how the next ones begin."""
        arrays, description = self._arrays, self._vector.description
        begun, begun_infos = seen, infos
        if self._vector.mode is AutoresetMode.DISABLED:
            self._tell(1)
            begun, begun_infos = self._vector.begin_some(ended)
        for index in np.flatnonzero(ended).tolist():
            game = self._games[index]
            arrays.keep_last(game)
            arrays.score[game] = scores(arrays.episode_return[game], description.reward_threshold)
            told = info_of(infos, index).get("is_success")
            arrays.success[game] = arrays.score[game] == 1.0 if told is None else bool(told)
            arrays.episode[game] += 1
            arrays.steps[game] = 0
            arrays.controller[game] = arrays.next_controller[game]
            if self._vector.mode is not AutoresetMode.NEXT_STEP:
                info = info_of(begun_infos, index)
                self._vector.writer.see(begun[index], info, self._rows[index], 0)

    def _choose(self) -> npt.NDArray[Any]:
        """What each game's seat does, legal; nothing where it waits."""
        arrays, own = self._arrays, self._own
        masks = {
            name: mask[own, 0] for name, mask in zip(self._masks, arrays.action_mask, strict=True)
        }
        chosen = make_legal(self._space, arrays.actions[own, 0], masks)
        for index in np.flatnonzero(arrays.controller[own, 0] >= 0).tolist():
            own_masks = {name: mask[index] for name, mask in masks.items()}
            chosen[index] = draw_action(self._space, own_masks, self._bots)
        chosen[self._waits] = np.zeros((), chosen.dtype)
        return chosen

    def _tell(self, long: int) -> None:
        """As `Episodes` tells the engine that another call begins."""
        pulse, first = self._arrays.pulse, self._games.start
        pulse[first] = (int(pulse[first]) >> 1) + 1 << 1 | long
