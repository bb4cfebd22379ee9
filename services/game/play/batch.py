"""Games that are stepped together: an engine, what it reports of a step, and who watches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games import Engine, Game
from mazemesh.games.bots import BOTS, EXTERNAL
from mazemesh.games.spaces.choosing import check_actions
from services.game.play.outcome import Outcome
from services.game.play.picture import picture
from services.game.play.share import Share
from services.game.play.tape import Tape
from services.game.play.watching import Frame, Watchers

Int8Array = npt.NDArray[np.int8]
Actions = npt.NDArray[Any]
"""[games, seats] of `mazemesh.games.spaces.arrays.action_dtype`: int8 in mazes."""
Int32Array = npt.NDArray[np.int32]

NewEngine = Callable[..., Engine]
"""Makes the engine of a game, as `mazemesh.games.engines.new_engine`."""

RUNNING, TERMINATED, TRUNCATED, OVER = range(4)
"""Status of a game after a step; OVER: it ended in an earlier one."""

Columns = npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]
"""The only column of what is seen, or several."""

_TRUNCATED = np.uint8(TRUNCATED)

_CELL_SECONDS = 100e-9
_BYTE_SECONDS = 1e-9
_SIGHT_SECONDS = 8e-9
_HASH_SECONDS = 20e-6

_LOCK_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Report:
    """What one step did: n games, s seats; m games ended, t truncated.

    The [n, ...] arrays are the engine's own: they change with the next step.
    """

    observation: Columns  # [n, s, ...]
    action_mask: Columns  # uint8 [n, s, A]
    reward: npt.NDArray[np.float32]  # [n, s]
    status: npt.NDArray[np.uint8]  # [n]
    ended_games: Int32Array  # [m] ascending
    ended_scores: npt.NDArray[np.float32]  # [m, s]
    ended_steps: Int32Array  # [m]
    ended_successes: npt.NDArray[np.uint8]  # [m, s]
    final_observation: Columns  # [t, s, ...]
    final_action_mask: Columns  # uint8 [t, s, A]
    seat_status: npt.NDArray[np.uint8]  # [n, s]; [0, s] where all seats end with their game
    acting: Columns = ()  # uint8 [n, s]; empty where all seats always have a move
    state: Columns = ()  # [n, ...]; empty unless it is asked for
    final_state: Columns = ()  # [t, ...]


class Batch:
    """The games of one engine; one caller at a time.

    Attributes:
        engine: what plays them.
        watchers: who looks on.
        tape: what was played, where the games end for good; None in training.
        lock: held by who steps the games outside of the event loop's thread, so that nobody looks
            at them in the middle of a step; for a few milliseconds at most.
        longest_step: seconds that a step may take at most, roughly.
        with_state: whether reports hold the state of whole games.
    """

    def __init__(
        self, engine: Engine, share: Share | None = None, *, with_state: bool = False
    ) -> None:
        """Takes over the engine, and the memory that was reserved for it.

        `with_state`: whether reports hold the state of whole games; the engine was made with it.
        """
        self.engine = engine
        self.with_state = with_state
        self.tape = None if engine.autoreset else Tape(engine)
        self.watchers = Watchers()
        self.lock = threading.Lock()
        self.longest_step = _longest_step(engine)
        self._share = share
        self._rest = asyncio.Event()
        self._rest.set()
        self._last_frames: dict[int, Frame] = {}
        self._actions = np.zeros_like(engine.taken)

    @property
    def seats(self) -> int:
        """Seats over all games."""
        return self._actions.size

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Marks the games as being stepped in another thread, until all is told about it."""
        self._rest.clear()
        try:
            yield
        finally:
            self._rest.set()

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Waits until nobody steps the games, and lets nobody step them within the block."""
        while not (self._rest.is_set() and self.lock.acquire(blocking=False)):
            if self._rest.is_set():
                await asyncio.sleep(_LOCK_SECONDS)  # a lock of threads tells no event loop
            await self._rest.wait()
        try:
            yield
        finally:
            self.lock.release()

    def close(self) -> None:
        """Ends what others do for the games; what they have come to stays readable."""
        self.engine.close()

    def check(self, actions: Actions) -> None:
        """Checks actions [n, s] of seats that the client plays and that have a move.

        Raises:
            InvalidArgument: a choice is out of range, or a number NaN; named.
        """
        engine = self.engine
        # As unsigned numbers negative ones are large, so the usual case is one pass.
        if actions.dtype == np.int8 and actions.view(np.uint8).max() < engine.spec.num_actions:
            return
        awaited = (engine.controller == EXTERNAL) & engine.active[:, None]
        if len(engine.acting):
            awaited &= engine.acting
        check_actions(engine.spec.action_space, actions, awaited)

    def step(self, actions: Actions) -> None:
        """Plays one step with actions [n, s] that `check` let pass."""
        # A view on received bytes is read-only, which is another type to the compiled step.
        np.copyto(self._actions, actions)
        if self.watchers and self.engine.autoreset:
            self.engine.step(self._actions, on_end=self._keep_last_frames)
        else:
            self.engine.step(self._actions)
        if self.tape is not None:
            self.tape.note()

    def reseat(self, games: Int32Array, controllers: Int8Array) -> None:
        """Changes who plays from the next episode of `games` [k] on: `controllers` int8 [k, s].

        Raises:
            InvalidArgument: no such game or controller.
        """
        if games.size and (games.min() < 0 or games.max() >= self.engine.num_games):
            raise InvalidArgument(
                f"reseat_games: {games.min()}..{games.max()} is outside "
                f"0..{self.engine.num_games - 1}"
            )
        check_controllers("reseat_controllers", controllers, self.engine.game)
        self.engine.next_controller[games] = controllers

    def report(self) -> Report:
        """What the last step did."""
        engine = self.engine
        # A boolean is a byte, 0 or 1: TERMINATED is 1 and TRUNCATED 2.
        status = engine.truncated.view(np.uint8) * _TRUNCATED
        status |= engine.terminated.view(np.uint8)
        ended = status.nonzero()[0].astype(np.int32)
        truncated = engine.truncated.nonzero()[0]
        if not engine.autoreset:
            status[~engine.active & (status == RUNNING)] = OVER
        return Report(
            observation=_columns(engine.observations),
            action_mask=_columns(engine.action_masks),
            reward=engine.reward,
            status=status,
            ended_games=ended,
            ended_scores=engine.score[ended],
            ended_steps=engine.episode_steps[ended],
            ended_successes=engine.success[ended].view(np.uint8),
            final_observation=_rows(engine.final_observations, truncated),
            final_action_mask=_rows(engine.final_action_masks, truncated),
            seat_status=engine.seat_status,
            acting=engine.acting.view(np.uint8),
            state=tuple(engine.states().values()) if self.with_state else (),
            final_state=_rows(engine.final_states(), truncated) if self.with_state else (),
        )

    def first_report(self) -> Report:
        """What there is to see before a session's first step: nothing earned, nothing ended."""
        engine = self.engine
        none = np.zeros(0, np.int32)
        return Report(
            observation=_columns(engine.observations),
            action_mask=_columns(engine.action_masks),
            reward=np.zeros_like(engine.reward),
            status=np.where(engine.active, RUNNING, OVER).astype(np.uint8),
            ended_games=none,
            ended_scores=engine.score[none],
            ended_steps=none,
            ended_successes=engine.success[none].view(np.uint8),
            final_observation=(),
            final_action_mask=(),
            seat_status=engine.seat_status[:0],
            acting=engine.acting.view(np.uint8),
            state=tuple(engine.states().values()) if self.with_state else (),
        )

    def lost(self) -> list[int]:
        """Games that the last step lost, as their environments failed; never those of mazes."""
        return np.flatnonzero(self.engine.lost).tolist()

    def frame(self, index: int, *, observed: bool = False) -> Frame:
        """The present picture of a game; `observed`: with what each seat sees."""
        return picture(self.engine, index, int(self.engine.steps[index]), observed=observed)

    def outcome(self, index: int) -> Outcome:
        """How the game ended that the last step ended."""
        engine = self.engine
        return Outcome(
            scores=tuple(engine.score[index].tolist()),
            steps=int(engine.episode_steps[index]),
            truncated=bool(engine.truncated[index]),
            returns=tuple(engine.episode_return[index].tolist()),
            successes=tuple(engine.success[index].tolist()),
        )

    def stop(self, index: int) -> None:
        """Takes a game out: it is over without an outcome."""
        self.engine.active[index] = False

    def show(self) -> None:
        """Shows the last step to those who watch; in the event loop, unlike perhaps `step`."""
        for index in self.watchers.games():
            self._show(index)

    def _keep_last_frames(self) -> None:
        """Keeps how watched games ended, before their next episodes begin."""
        over = self.engine.terminated | self.engine.truncated
        for index in filter(over.__getitem__, self.watchers.games()):
            self._last_frames[index] = self._last_frame(index)

    def _last_frame(self, index: int) -> Frame:
        outcome = self.outcome(index)
        return picture(self.engine, index, outcome.steps, outcome)

    def _show(self, index: int) -> None:
        engine = self.engine
        if not (engine.terminated[index] or engine.truncated[index]):
            observed = self.watchers.observed(index)
            self.watchers.show(index, self.frame(index, observed=observed))
            return
        frame = self._last_frames.pop(index, None) or self._last_frame(index)
        self.watchers.show(index, frame)


def _columns(arrays: Mapping[str, npt.NDArray[Any]]) -> Columns:
    return next(iter(arrays.values())) if len(arrays) == 1 else tuple(arrays.values())


def _rows(arrays: Mapping[str, npt.NDArray[Any]], games: npt.NDArray[Any]) -> Columns:
    """Those of some games."""
    if len(arrays) == 1:
        only: npt.NDArray[Any] = next(iter(arrays.values()))[games]
        return only
    return tuple(array[games] for array in arrays.values()) if games.size else ()


def _longest_step(engine: Engine) -> float:
    """Seconds that a step takes at most: all games end, and their mazes are drawn anew.

    Measured on one core for mazes of 10 x 10 to 64 x 64 and views of 7 to 31, all rules.
    """
    cells = engine.settings.width * engine.settings.height
    seats = engine.spec.seats
    byte = _SIGHT_SECONDS if engine.settings.line_of_sight else _BYTE_SECONDS
    game = cells * _CELL_SECONDS + seats * engine.spec.observation_bytes * byte
    if not engine.autoreset:  # its tape hashes the states of all games now and then
        game += _HASH_SECONDS * (1 + seats)
    return engine.num_games * game


def check_controllers(field: str, controllers: Int8Array, game: Game) -> None:
    """Raises InvalidArgument unless every controller is -1 or the code of a bot of the game."""
    codes = {BOTS.index(name): name for name in game.bots}
    wrong = controllers[~np.isin(controllers, [EXTERNAL, *codes])]
    if wrong.size:
        raise InvalidArgument(
            f"{field}: {wrong.flat[0]} plays no seat of game {game.name} (-1: the client acts; the "
            f"bots are {', '.join(f'{code} {name}' for code, name in codes.items())})"
        )
