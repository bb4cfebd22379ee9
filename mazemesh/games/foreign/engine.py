"""The engine of a foreign game: environments in worker processes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt
import structlog

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.games.foreign.environments.environment import GONE, RUNNING, TRUNCATED
from mazemesh.games.foreign.environments.episodes import MOST_FAILURES
from mazemesh.games.foreign.processes.process import WorkerGone, WorkerProcess
from mazemesh.games.foreign.processes.task import Task
from mazemesh.games.foreign.processes.worker import LOST, RESET, STEP
from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.memory import SharedMemory
from mazemesh.games.game import Game
from mazemesh.games.settings import GameSettings
from mazemesh.games.spaces.arrays import Column, mask_columns, observation_columns, state_columns

_log = structlog.get_logger(__name__)

_STARTS = 3
"""Of a worker in a row, where episodes do not begin in it."""


class DescribedGame(Game, Protocol):
    """A game that says of itself what its environment is (`ForeignGame`)."""

    @property
    def description(self) -> Description:
        """What the environment says of itself."""
        ...


class ForeignEngine:
    """`num_games` foreign games: an `Engine`.

    An environment that raises loses its own episode. A worker that crashes, or that needs longer
    than `step_seconds` for a step of one game, or a minute to make or to reset one, loses those of
    all its games and is started again. Under autoreset such an episode counts as truncated where it
    was, without reward; otherwise the game is not active any more and `lost` says so: it has no
    outcome. An episode that does not even begin is passed over under autoreset.

    There is no map: `position` and `passages` are empty.

    Args:
        game: What to play.
        settings: Its settings.
        num_games: How many games.
        autoreset: As in `Engine`.
        workers: Processes that share the games.
        step_seconds: How long a step of one game may take.
        strict: Let an episode be lost whose observation is not in its space.
        with_state: Keep `states` and `final_states`.
    """

    waits_for_processes = True

    def __init__(
        self,
        game: DescribedGame,
        settings: GameSettings | None = None,
        num_games: int = 1,
        *,
        autoreset: bool = True,
        workers: int = 1,
        step_seconds: float = 10.0,
        strict: bool = False,
        with_state: bool = False,
    ) -> None:
        self.game = game
        self.settings = game.resolve(settings or GameSettings())
        self.spec = game.spec(self.settings)
        self.num_games = num_games
        self.autoreset = autoreset
        self._step_seconds = step_seconds
        self._failures = 0
        self._closed = False
        self._stepping = threading.Lock()
        self._memory = SharedMemory(game.description, num_games, with_state=with_state)
        self._arrays = arrays = self._memory.arrays
        arrays.next_controller[...] = -1
        arrays.controller[...] = -1
        seen = observation_columns(self.spec.observation_space)
        masks = mask_columns(self.spec.action_space)
        self.observations = _by_name(seen, arrays.observation)
        self.final_observations = _by_name(seen, arrays.final_observation)
        self.action_masks = _by_name(masks, arrays.action_mask)
        self.final_action_masks = _by_name(masks, arrays.final_action_mask)
        self.observation = self._only(arrays.observation)
        self.final_observation = self._only(arrays.final_observation)
        self.action_mask = self._only(arrays.action_mask)
        self.final_action_mask = self._only(arrays.final_action_mask)
        state = self.spec.state_space if with_state else None
        told = () if state is None else state_columns(state)
        self._states = _by_name(told, arrays.state)
        self._final_states = _by_name(told, arrays.final_state)
        self.acting = arrays.acting if self.spec.may_wait else arrays.acting[:0]
        self.reward = arrays.reward
        self.score = arrays.score
        self.episode_return = arrays.episode_return
        self.terminated = arrays.terminated
        self.truncated = arrays.truncated
        self.lost = arrays.lost
        may_leave = self.spec.may_leave
        self.seat_status = arrays.seat_status if may_leave else arrays.seat_status[:0]
        self.success = arrays.success
        self.active = arrays.active
        self.steps = arrays.steps
        self.episode_steps = arrays.episode_steps
        self.taken = arrays.taken
        self.controller = arrays.controller
        self.next_controller = arrays.next_controller
        self.seed = arrays.seed
        self.game_id = arrays.game_id
        self.episode = arrays.episode
        self.rotation = arrays.rotation
        self.position = np.zeros((num_games, 0, 2), np.int32)
        self.passages = np.zeros((num_games, 0, 0), np.uint8)
        self.exit = np.zeros((num_games, 2), np.int32)
        bounds = np.linspace(0, num_games, min(workers, num_games) + 1).astype(int).tolist()
        self._slices = [range(a, b) for a, b in pairwise(bounds)]
        self._task = Task(
            game=game.name,
            memory=self._memory.descriptor,
            num_games=num_games,
            step_limit=self.settings.step_limit,
            autoreset=autoreset,
            strict=strict,
            with_state=with_state,
        )
        self._workers = [self._start(games) for games in self._slices]

    def reset(
        self,
        games: npt.ArrayLike | None = None,
        *,
        seed: npt.ArrayLike,
        game_id: npt.ArrayLike = 0,
        episode: npt.ArrayLike = 0,
        rotation: npt.ArrayLike = 0,
    ) -> None:
        """As `Engine.reset`; a rotation moves the agents round the seats.

        Raises:
            FailedPrecondition: a worker is gone, or many episodes of a game in a row do not begin;
                says why.
        """
        chosen = np.arange(self.num_games) if games is None else np.atleast_1d(np.asarray(games))
        self.seed[chosen], self.game_id[chosen] = np.asarray(seed), np.asarray(game_id)
        self.episode[chosen], self.rotation[chosen] = np.asarray(episode), np.asarray(rotation)
        mine = [chosen[(chosen >= own.start) & (chosen < own.stop)] for own in self._slices]
        begun = [index for index, own in enumerate(mine) if own.size]
        for index in begun:
            self._send_reset(index, mine[index])
        for index in begun:
            try:
                self._log_lost(self._answer(index))
            except WorkerGone as error:
                raise self._does_not_begin(error) from error

    def step(self, actions: npt.NDArray[Any], on_end: Callable[[], None] | None = None) -> None:
        """Plays one step of all active games; an illegal action becomes a legal one.

        See `mazemesh.games.spaces.choosing.make_legal`.

        `on_end` is called when games have ended: the workers may have begun their next episodes.

        Raises:
            InvalidArgument: another shape or dtype.
            FailedPrecondition: no episode goes on any more, ten times in a row, or none of a game
                begins; says why.
        """
        if actions.shape != self.taken.shape or actions.dtype != self.taken.dtype:
            raise InvalidArgument(
                f"actions: {actions.dtype} {list(actions.shape)} should be {self.taken.dtype} "
                f"{list(self.taken.shape)}"
            )
        with self._stepping:
            self._arrays.actions[...] = actions
            reason = self._step_workers()
            self._count_failures(reason)
        if on_end is not None and (self.terminated | self.truncated).any():
            on_end()

    def landmarks(self, game: int) -> tuple[list[list[int]], list[list[int]]]:
        """Nothing is known of where things are."""
        return [], []

    def states(self) -> dict[str, npt.NDArray[Any]]:
        """As `Engine.states`; empty unless made `with_state`."""
        return self._states

    def final_states(self) -> dict[str, npt.NDArray[Any]]:
        """As `Engine.final_states`; empty unless made `with_state`."""
        return self._final_states

    def _only(self, columns: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[Any]:
        """The only column; without elements where there are several or none."""
        if len(columns) == 1:
            return columns[0]
        return np.zeros((self.num_games, self.spec.seats, 0), np.uint8)

    def _step_workers(self) -> str:
        """Lets all workers step; why episodes were lost, if any were."""
        # A worker that dies may have written half of the step over it.
        active = self.active.copy()
        there = (self.seat_status == RUNNING) | (self.steps == 0)[: len(self.seat_status), None]
        for worker in self._workers:
            worker.send(STEP)
        reason = ""
        for index in range(len(self._workers)):
            try:
                reason = self._log_lost(self._answer(index)) or reason
            except WorkerGone as error:
                if self._closed:
                    raise FailedPrecondition(f"game {self.game.name} was closed") from error
                reason = str(error)
                _log.warning("episodes lost", game=self.game.name, reason=reason)
                self._replace(index, active, there)
        return reason

    def _answer(self, index: int) -> bytes:
        """A worker's answer to the last command.

        Raises:
            WorkerGone: as `WorkerProcess.answer`.
        """
        pulse, first = self._arrays.pulse, self._slices[index].start
        return self._workers[index].answer(lambda: int(pulse[first]), self._step_seconds)

    def _log_lost(self, answer: bytes) -> str:
        """Why an answer says that episodes were lost, if it does."""
        if answer[:1] != LOST:
            return ""
        reason = answer[1:].decode()
        _log.warning("episodes lost", game=self.game.name, reason=reason)
        return reason

    def _does_not_begin(self, reason: WorkerGone) -> FailedPrecondition:
        return FailedPrecondition(f"game {self.game.name} does not begin: {reason}")

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"the environments of game {self.game.name} live in processes of their own and cannot "
            "be copied or pickled; make another engine, and reset it with the same seeds"
        )

    def state_hash(self, game: int) -> int:
        """64 bits of BLAKE2b over what one can see of a game: the environment's state is its own.

        What names the episode, steps, observations, masks and returns.
        """
        digest = hashlib.blake2b(digest_size=8)
        shown: tuple[npt.NDArray[Any], ...] = (
            *(self.seed, self.game_id, self.episode, self.rotation, self.steps, self.active),
            *self._arrays.observation,
            *self._arrays.action_mask,
            self.episode_return,
        )
        for array in shown:
            digest.update(array[game].tobytes())
        return int.from_bytes(digest.digest(), "little")

    def close(self) -> None:
        """Ends the workers, in a step of another thread too; the arrays stay as they are."""
        self._closed = True
        for worker in self._workers:
            worker.close()
        with self._stepping:
            self._memory.close()

    def _start(self, games: range) -> WorkerProcess:
        try:
            worker = WorkerProcess(replace(self._task, first=games.start, last=games.stop))
        except WorkerGone as error:
            raise self._does_not_begin(error) from error
        if worker.description != self.game.description:
            worker.close()
            raise FailedPrecondition(
                f"game {self.game.name} is now {worker.description}; it was "
                f"{self.game.description}. Restart what still knows the old one"
            )
        return worker

    def _send_reset(self, index: int, games: npt.NDArray[np.integer]) -> None:
        self._workers[index].send(RESET + np.asarray(games, np.int32).tobytes())

    def _replace(
        self, index: int, active: npt.NDArray[np.bool_], there: npt.NDArray[np.bool_]
    ) -> None:
        """Starts a worker again; what its games played is lost.

        Args:
            index: Of the worker.
            active: Which games were active before the step, [n].
            there: Which seats had not left then, [n, s]; [0, s] where none ever does.
        """
        own = slice(self._slices[index].start, self._slices[index].stop)
        running = np.flatnonzero(active[own]) + own.start
        # What games that had ended already show is of their next episodes.
        going_on = running[~(self.terminated | self.truncated)[running]]
        for game in going_on.tolist():
            self._arrays.keep_last(game)
        self.episode_steps[going_on] = self.steps[going_on]
        for array in (self.terminated, self.truncated, self.reward, self.score, self.success):
            array[own] = 0
        kept = self.episode_return[running].copy(), self.episode_steps[running].copy()
        if self.autoreset:
            self._begin_next(index, running)
        else:
            self._workers[index] = self._start(self._slices[index])
            self.active[running] = False
            self._arrays.acting[running] = False
        self.episode_return[running], self.episode_steps[running] = kept
        self.truncated[running] = self.autoreset
        self.lost[own] = False
        self.lost[running] = True
        if len(there):
            self.seat_status[own] = GONE
            self.seat_status[running] = np.where(there[running], TRUNCATED, GONE)

    def _begin_next(self, index: int, games: npt.NDArray[np.intp]) -> None:
        """Begins the next episodes of games, in a new worker; in another if that dies of it."""
        for attempt in range(_STARTS):
            worker = self._workers[index] = self._start(self._slices[index])
            if self._closed:
                worker.close()
            self.episode[games] += 1
            self._send_reset(index, games)
            try:
                self._log_lost(self._answer(index))
            except WorkerGone as error:
                if self._closed or attempt == _STARTS - 1:
                    raise self._does_not_begin(error) from error
            else:
                return

    def _count_failures(self, reason: str) -> None:
        all_lost = bool(reason) and bool(self.lost[self.active | self.lost].all())
        self._failures = self._failures + 1 if all_lost else 0
        if self._failures >= MOST_FAILURES:
            raise FailedPrecondition(
                f"game {self.game.name} failed {self._failures} times in a row: {reason}"
            )


def _by_name(
    columns: Sequence[Column], arrays: Sequence[npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    return {column.name: array for column, array in zip(columns, arrays, strict=True)}
