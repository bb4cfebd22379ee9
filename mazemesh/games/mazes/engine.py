"""The batch engine: many games of one kind, stepped, observed and reset in one compiled call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.mazes.drawing_thread import start_drawing
from mazemesh.games.mazes.engine_state import EngineState, check_fits, rows_by_game
from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.mazes.kernels.compiling import ready
from mazemesh.games.mazes.kernels.making.drawing import READY, allocate_ahead, draw_mazes
from mazemesh.games.mazes.kernels.state import (
    BoolArray,
    ByteArray,
    FloatArray,
    IndexArray,
    Int8Array,
    Int16Array,
    IntArray,
    Parameters,
    allocate,
)
from mazemesh.games.mazes.kernels.things import allocate_things
from mazemesh.games.mazes.overview import landmarks, overview_planes, paint
from mazemesh.games.mazes.packed_view import PackedView, can_pack
from mazemesh.games.mazes.parameters import parameters
from mazemesh.games.settings import GameSettings

MAX_GAMES = 1 << 20


class BatchEngine:
    """`num_games` games of one rule set under one settings, numbered from 0.

    An `Engine`; its compiled calls release the GIL.

    `copy.copy`, `copy.deepcopy` and pickle make an engine of its own in the same state; `get_state`
    and `set_state` carry the state of single games, also from one game to others, as a tree search
    does.

    Attributes, beyond those of `Engine`:
        position: int32 [n, s, 2], row and column of each seat, from the north-west.
        heading: uint8 [n, s], action of the last real move, 0 before the first.
        exit: int32 [n, 2], row and column of the exit. In games without one it is the middle from
            which start places are measured, in ctf the first team's base.
        passages: uint8 [n, height, width], bits 1, 2, 4, 8 = open to north, east, south, west.
        distance: int16 [n, height, width], walking distance to the exit, in collect and coop-keys
            to the nearest of the items while there are any. In pursuit to the evader, brought up to
            date only where shaping or a bot needs it.
        items: uint8 [n, height, width], 255 where an item lies; a view with gaps.
        tally: int32 [n, s], items that a seat holds; in ctf 1 with a flag.
        base: int32 [n, 2], ctf: row and column of the second team's base.
        overview: names of the planes of `global_state`.
        packed_view: where `pack_observations` was called, what is seen.
    """

    waits_for_processes = False

    def __init__(
        self,
        game: MazeGame,
        settings: GameSettings | None = None,
        num_games: int = 1,
        *,
        autoreset: bool = True,
        draw_ahead: bool = False,
        with_state: bool = False,
    ) -> None:
        """Make the arrays and compile what is not yet; no game runs before `reset`.

        Args:
            game: The rule set.
            settings: Its settings; the defaults if None.
            num_games: Games, 1..2**20.
            autoreset: Whether a finished game begins its next episode in the same step (the same
                seed, episode + 1) or stands still until `reset`.
            draw_ahead: Whether a thread draws the maze of each game's next episode while this one
                is played. All comes out the same; it pays where a core has nothing else to do.
            with_state: Whether `states` and `final_states` are kept.

        Raises:
            InvalidArgument: The settings do not fit the game, or `num_games` is out of range.
        """
        if not 1 <= num_games <= MAX_GAMES:
            raise InvalidArgument(f"num_games: {num_games} is outside 1..{MAX_GAMES}")
        self.game = game
        self.settings = game.resolve(settings or GameSettings())
        self.spec = game.spec(self.settings)
        self.num_games = num_games
        self.autoreset = autoreset
        numbers = parameters(game, self.settings)
        self._state = state = allocate(numbers, num_games)
        things = allocate_things(numbers, num_games if game.has_things else 0)
        slots = allocate_ahead(numbers, state, num_games if draw_ahead else 0)
        self._draw_ahead = draw_ahead
        self._stop_drawing = start_drawing(self, numbers, slots) if draw_ahead else None
        self._slots = slots.state
        self._mazes = (numbers, state, slots)
        self._arguments: tuple[Any, ...] = self._mazes[:2]
        if game.has_things:
            self._arguments = (*self._mazes[:2], things)
        self._draw = ready(draw_mazes, *self._mazes, state.ended)
        self._reset = ready(game.load_reset(), *self._arguments, state.ended)
        self._step = ready(game.load_step(), *self._arguments, state.taken, autoreset)
        views = (num_games, self.spec.seats, self.spec.observation_size)
        maze = (num_games, self.settings.height, self.settings.width)
        self.observation: ByteArray = state.observation.reshape(views)
        self.final_observation: ByteArray = state.final_observation.reshape(views)
        self.final_action_mask: ByteArray = state.final_action_mask
        self.action_mask: ByteArray = state.action_mask
        self.observations = {"observation": self.observation}
        self.final_observations = {"observation": self.final_observation}
        self.action_masks = {"action_mask": self.action_mask}
        self.final_action_masks = {"action_mask": self.final_action_mask}
        self.acting: BoolArray = np.zeros((0, self.spec.seats), np.bool_)
        self.reward: FloatArray = state.reward
        self.score: FloatArray = state.score
        self.episode_return: FloatArray = state.episode_return
        self.terminated: BoolArray = state.terminated
        self.truncated: BoolArray = state.truncated
        self.active: BoolArray = state.active
        self.steps: IntArray = state.steps
        self.episode_steps: IntArray = state.episode_steps
        self.taken: Int8Array = state.taken
        self.controller: Int8Array = state.controller
        self.next_controller: Int8Array = state.next_controller
        self.seed: npt.NDArray[np.uint64] = state.seed
        self.game_id: npt.NDArray[np.uint32] = state.game_id
        self.episode: npt.NDArray[np.uint32] = state.episode
        self.rotation: IntArray = state.rotation
        self.position: IntArray = state.position
        self.heading: ByteArray = state.heading
        self.exit: IntArray = state.exit
        self.passages: ByteArray = state.passages.reshape(maze)
        self.distance: Int16Array = state.distance.reshape(maze)
        self.items: ByteArray = _without_margin(things.items, numbers)
        self.tally: IntArray = things.tally
        self.base: IntArray = things.base
        self.lost: BoolArray = np.zeros(num_games, np.bool_)
        self.seat_status: ByteArray = np.zeros((0, self.spec.seats), np.uint8)
        self.overview = overview_planes(self.spec.seats, game.overview)
        self._report = (
            *(self.reward, self.score, self.taken, self.episode_return, self.episode_steps),
            *(self.terminated, self.truncated),
        )
        self._visited = _without_margin(state.visited, numbers)
        self.packed_view: PackedView | None = None
        self._by_game = rows_by_game(state, things, num_games)
        self._global_state: ByteArray | None = None
        self._final_state: ByteArray | None = None
        if with_state:
            self._final_state = np.zeros_like(self.global_state())

    def reset(
        self,
        games: npt.ArrayLike | None = None,
        *,
        seed: npt.ArrayLike,
        game_id: npt.ArrayLike = 0,
        episode: npt.ArrayLike = 0,
        rotation: npt.ArrayLike = 0,
    ) -> None:
        """Begin a named episode in some games (all if None).

        The episode follows from rules, settings, seed, game_id and episode alone. Seat s starts at
        start place (s + rotation) % seats, and chance belongs to the place: all rotations of one
        name together treat the seats alike.

        Args:
            games: Indices, each at most once.
            seed: 64-bit seeds, one for all or one a game; likewise the others.
            game_id: 32 bits, tells games of one seed apart.
            episode: 32 bits.
            rotation: 0..seats - 1.

        Raises:
            InvalidArgument: An index or a rotation is out of range, or lengths differ.
        """
        chosen = self._indices(games)
        seeds = _column("seed", seed, chosen.size, 1 << 64)
        game_ids = _column("game_id", game_id, chosen.size, 1 << 32)
        episodes = _column("episode", episode, chosen.size, 1 << 32)
        rotations = _column("rotation", rotation, chosen.size, self.spec.seats)
        self.seed[chosen], self.game_id[chosen] = seeds, game_ids
        self.episode[chosen], self.rotation[chosen] = episodes, rotations
        for report in self._report:
            report[chosen] = 0
        self._begin(chosen)
        if self.packed_view is not None:
            self.packed_view.look()

    def step(self, actions: npt.NDArray[np.int8], on_end: Callable[[], None] | None = None) -> None:
        """Play one step of all active games.

        Args:
            actions: int8 [games, seats], numbered as in `ACTIONS`. An illegal one counts as stay;
                those of bots' seats are not read.
            on_end: Called when games have ended, before any begins its next episode: the arrays
                still show how they ended.

        Raises:
            InvalidArgument: Another shape or dtype.
        """
        if actions.shape != self.taken.shape or actions.dtype != np.int8:
            raise InvalidArgument(
                f"actions: {actions.dtype} {list(actions.shape)} should be int8 "
                f"{list(self.taken.shape)}"
            )
        ended = self._step(*self._arguments, np.ascontiguousarray(actions), self.autoreset)
        if self.packed_view is not None:
            self.packed_view.keep_last()
        if ended:
            if self._final_state is not None:
                self._keep_states(self._state.ended[:ended])
            if on_end is not None:
                on_end()
            if self.autoreset:
                self._begin(self._state.ended[:ended])
        if self.packed_view is not None:
            self.packed_view.look()

    def pack_observations(self) -> bool:
        """Write what is seen as bits alone from now on, if this game can; return whether it does.

        `packed_view` then has it, and `observation` and the final one are not written any more.
        """
        numbers, state = self._arguments[0], self._state
        if not can_pack(self.game, numbers):
            return False
        if self.packed_view is None:
            self._arguments = (numbers._replace(observed=False), *self._arguments[1:])
            self.packed_view = PackedView(numbers, state, self.spec)
        return True

    @property
    def success(self) -> BoolArray:
        """Return which seats did what the game is about, bool [n, s]: those with a score of 1.

        Valid where the last step ended an episode, else False. One that shares the first place
        with others has not.
        """
        reached: BoolArray = self.score == 1.0
        return reached

    def landmarks(self, game: int) -> tuple[list[list[int]], list[list[int]]]:
        """Return where players are bound for, and where things lie: (row, column) each."""
        return landmarks(self, game)

    def close(self) -> None:
        """Tell the thread that draws ahead, if there is one, to end: mazes are then drawn in place.

        It ends with the engine anyway.
        """
        if self._stop_drawing is not None:
            self._stop_drawing()

    @property
    def drawn_ahead(self) -> int:
        """How many games' next mazes are drawn already."""
        return int(np.count_nonzero(self._slots == READY))

    def _begin(self, games: IndexArray) -> None:
        self._draw(*self._mazes, games)
        self._reset(*self._arguments, games)

    def get_state(self, games: npt.ArrayLike | None = None) -> EngineState:
        """Return the state of some games (all if None): all that decides how they go on.

        It may be pickled, and is valid in any engine of the same game and settings.

        Raises:
            InvalidArgument: An index is out of range.
        """
        chosen = self._indices(games)
        arrays = {name: rows[chosen] for name, rows in self._by_game.items()}
        return EngineState(self.game.name, self.game.version, self.settings, arrays)

    def set_state(self, state: EngineState, games: npt.ArrayLike | None = None) -> None:
        """Let some games (all if None) go on from a state, in the order of its games.

        Args:
            state: From `get_state` of an engine of the same game and settings.
            games: Indices, as many as the state has games, each at most once.

        Raises:
            InvalidArgument: The state is of another game, of other settings or of another number
                of games, or an index is out of range.
        """
        chosen = self._indices(games)
        check_fits(state, self.game.name, self.game.version, self.settings, chosen)
        for name, rows in self._by_game.items():
            rows[chosen] = state.arrays[name]

    def __reduce__(self) -> tuple[Any, ...]:
        # The kernels' arguments are addresses of this engine's memory: a copy gets its own.
        made = (self.game, self.settings, self.num_games)
        return _restore, (made, self.autoreset, self._draw_ahead, self.get_state())

    def visits(self, game: int, seat: int) -> ByteArray:
        """Return how often a seat was on each cell, uint8 [height, width], counted up to 4."""
        plane = self._visited[game * self.spec.seats + seat]
        visits: ByteArray = ((plane.astype(np.int16) + 63) // 64).astype(np.uint8)
        return visits

    def global_state(self) -> ByteArray:
        """Return all there is to see, uint8 [n, planes, height, width], 0 or 255.

        What the planes hold is in `overview`: passages, one plane a seat, and the rule's own, see
        `overview`. The array is made at the first call and written anew by each.
        """
        if self._global_state is None:
            shape = (self.num_games, len(self.overview), *self.passages.shape[1:])
            self._global_state = np.zeros(shape, np.uint8)
        paint(self, np.arange(self.num_games), self._global_state)
        return self._global_state

    def states(self) -> dict[str, npt.NDArray[Any]]:
        """Return `global_state` under its name as a column; empty unless made `with_state`."""
        return {} if self._final_state is None else {"state": self.global_state()}

    def final_states(self) -> dict[str, npt.NDArray[Any]]:
        """Return the last one of each episode that the last step ended, valid only there."""
        return {} if self._final_state is None else {"state": self._final_state}

    def _keep_states(self, games: IndexArray) -> None:
        assert self._final_state is not None
        planes = np.empty((len(games), *self._final_state.shape[1:]), np.uint8)
        paint(self, games, planes)
        self._final_state[games] = planes

    def state_hash(self, game: int) -> int:
        """Return 64 bits of BLAKE2b over all that decides how a game goes on.

        Two engines that played the same actions, in whatever batch, agree after every step. Who
        chose the actions (`controller`) is no part of it.
        """
        state = self._state
        digest = hashlib.blake2b(digest_size=8)
        for array in (
            state.seed,
            state.game_id,
            state.episode,
            state.rotation,
            state.steps,
            state.active,
            state.exit,
            state.passages,
            state.position,
            state.heading,
        ):
            digest.update(array[game].tobytes())
        for seat in range(self.spec.seats):
            digest.update(self.visits(game, seat).tobytes())
        if self.game.has_things:
            for array in (self.tally, self.items, self.base):
                digest.update(array[game].tobytes())
        return int.from_bytes(digest.digest(), "little")

    def _indices(self, games: npt.ArrayLike | None) -> IndexArray:
        if games is None:
            return np.arange(self.num_games, dtype=np.int64)
        chosen = np.atleast_1d(np.asarray(games))
        if chosen.size and chosen.dtype.kind not in "ui":
            raise InvalidArgument(f"games: {chosen.dtype} values should be whole numbers")
        if chosen.size and not (chosen.min() >= 0 and chosen.max() < self.num_games):
            raise InvalidArgument(
                f"games: indices {chosen.min()}..{chosen.max()} should lie in "
                f"0..{self.num_games - 1}"
            )
        if np.unique(chosen).size < chosen.size:
            raise InvalidArgument(f"games: {chosen.tolist()} names a game more than once")
        return chosen.astype(np.int64)


def _restore(
    made: tuple[MazeGame, GameSettings, int], autoreset: bool, draw_ahead: bool, state: EngineState
) -> BatchEngine:
    """Make the engine that `BatchEngine.__reduce__` tells of."""
    engine = BatchEngine(*made, autoreset=autoreset, draw_ahead=draw_ahead)
    engine.set_state(state)
    return engine


def _without_margin(planes: ByteArray, p: Parameters) -> ByteArray:
    """Return the cells of k padded planes (`kernels.state.Parameters`), [k, height, width]."""
    rows = planes.size // p.plane, p.height + p.window, p.stride
    cut = planes.reshape(rows[0], p.plane)[:, : rows[1] * rows[2]].reshape(rows)
    margin = p.window // 2 + 1
    return cut[:, margin : margin + p.height, margin : margin + p.width]


def _column(field: str, values: npt.ArrayLike, size: int, bound: int) -> npt.NDArray[Any]:
    """Return one value a game, checked to be in [0, bound)."""
    column = np.asarray(values)
    if column.dtype.kind not in "ui":
        raise InvalidArgument(f"{field}: {column.dtype} values should be whole numbers")
    if column.ndim > 1 or column.size not in (1, size):
        raise InvalidArgument(
            f"{field}: shape {list(column.shape)} should be one value or [{size}]"
        )
    if column.size and not (int(column.min()) >= 0 and int(column.max()) < bound):
        raise InvalidArgument(
            f"{field}: {column.min()}..{column.max()} should lie in 0..{bound - 1}"
        )
    return column


def compile_game(game: MazeGame) -> None:
    """Compile a game's kernels, or load them from the cache on disk.

    Compiling takes about 10 s, once for an installation; loading a third of a second. A program
    that starts several processes calls this before, so that they do not all compile.
    """
    engine = BatchEngine(game)
    engine.pack_observations()
