"""Worlds of dm_env_rpc: endless episodes of one game, a seat for a client, bots in the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from mazemesh.games import BOTS, Game, GameSettings
from mazemesh.games.bots import EXTERNAL, bot_code
from mazemesh.games.spaces import single
from services.game.play.batch import (
    OVER,
    RUNNING,
    TERMINATED,
    TRUNCATED,
    Batch,
    NewEngine,
    Report,
    check_controllers,
)
from services.game.play.room import Rooms
from services.game.play.stepping import Stepping

DTYPES = ("uint8", "int8", "int32", "float32")
"""Of observations: those that dm_env_rpc has as well."""

SEAT = 0
"""The client's seat; where it starts moves on from episode to episode."""


@dataclass(frozen=True, slots=True)
class WorldSetup:
    """What a client asks for; `opponent` is the bot in all other seats.

    Raises:
        InvalidArgument: at construction; the settings or the bot do not fit the game.
    """

    game: Game
    settings: GameSettings
    seed: int
    opponent: str

    def __post_init__(self) -> None:
        check_controllers("opponent", np.array([bot_code(self.opponent)], np.int8), self.game)
        spec = self.game.spec(self.game.resolve(self.settings))
        seen = single(spec.observation_space)
        if not spec.has_numbered_actions or seen is None or seen.dtype not in DTYPES:
            raise InvalidArgument(
                f"game: {self.game.name} has several columns, actions that are no numbers, or "
                f"elements other than {', '.join(DTYPES)}; RunGames and PlayGame play it"
            )


@dataclass(frozen=True, slots=True)
class Moment:
    """What the client sees after a step.

    Attributes:
        observation: as the game's only column has it, [observation_size] in mazes.
        action_mask: uint8 [num_actions].
        reward: earned since the step before; 0 in the first of an episode.
        terminated: the rules ended the episode by this step.
        truncated: the step limit did.
    """

    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]
    reward: float
    terminated: bool
    truncated: bool


class World:
    """One game, episode after episode.

    Attributes:
        name: how clients call it.
        joined: whether a client holds its seat.
        touched: when somebody last did something with it, by a monotonic clock.
    """

    def __init__(self, name: str, setup: WorldSetup, batch: Batch, stepping: Stepping) -> None:
        self.name = name
        self.joined = False
        self.touched = stepping.clock()
        self.batch = batch
        self._setup = setup
        self._stepping = stepping
        self._episode = -1
        self._begun = False
        self._busy = asyncio.Lock()
        controllers = batch.engine.next_controller
        controllers[...] = BOTS.index(setup.opponent.rpartition("/")[2])
        controllers[0, SEAT] = EXTERNAL

    @property
    def begun(self) -> bool:
        """Whether an episode is under way, so that the next step plays an action."""
        return self._begun

    def restart(self) -> None:
        """Lets the next step begin a new episode."""
        self._begun = False

    async def step(self, action: int | None) -> Moment:
        """Plays one step; the first of an episode begins it, whatever the action.

        Args:
            action: None is 0, which counts as any illegal action does.

        Raises:
            InvalidArgument: there is no such action.
        """
        async with self._busy:
            self.touched = self._stepping.clock()
            if not self._begun:
                await self._stepping.in_thread(self._begin)
                if not self._waits():
                    return self._first_moment()
                return await self._come_to_turn(0.0)
            actions = np.zeros_like(self.batch.engine.taken)
            actions[0, SEAT] = action or 0
            self.batch.check(actions)
            if self._stepping.is_inline(self.batch):
                self._stepping.step(self.batch, actions)
            else:
                await self._stepping.step_in_thread(self.batch, actions, _nothing)
            earned = float(self.batch.engine.reward[0, SEAT])
            return await self._come_to_turn(earned)

    async def _come_to_turn(self, earned: float) -> Moment:
        """What the client sees when it is to move, or its episode has ended."""
        nothing = np.zeros_like(self.batch.engine.taken)
        while self._waits():
            await self._stepping.step_in_thread(self.batch, nothing, _nothing)
            earned += float(self.batch.engine.reward[0, SEAT])
        return replace(self._moment(), reward=earned)

    def _waits(self) -> bool:
        """Whether the seat has no move in the next step, and its episode goes on."""
        engine = self.batch.engine
        if not len(engine.acting) or engine.acting[0, SEAT]:
            return False
        ended = engine.terminated[0] or engine.truncated[0]
        return not ended and int(engine.seat_status[0, SEAT]) == RUNNING

    def _begin(self) -> None:
        engine = self.batch.engine
        self._episode += 1
        # The engine begins the next episode by itself; a world names every one.
        rotation = self._episode % engine.spec.seats
        engine.reset(seed=self._setup.seed, episode=self._episode, rotation=rotation)
        self._begun = True

    def _first_moment(self) -> Moment:
        engine = self.batch.engine
        seen, mask = engine.observation[0, SEAT], engine.action_mask[0, SEAT]
        return Moment(seen.copy(), mask.copy(), 0.0, terminated=False, truncated=False)

    def _moment(self) -> Moment:
        engine = self.batch.engine
        terminated, truncated = bool(engine.terminated[0]), bool(engine.truncated[0])
        over = terminated or truncated
        if len(engine.seat_status):  # the seat may be done before its game
            own = int(engine.seat_status[0, SEAT])
            terminated, truncated = own == TERMINATED, own in (TRUNCATED, OVER)
        self._begun = not (terminated or truncated)
        seen, mask = engine.observation, engine.action_mask
        if over:
            seen, mask = engine.final_observation, engine.final_action_mask
        return Moment(
            observation=seen[0, SEAT].copy(),
            action_mask=mask[0, SEAT].copy(),
            reward=float(engine.reward[0, SEAT]),
            terminated=terminated,
            truncated=truncated,
        )


class Worlds:
    """All worlds of a server.

    Args:
        stepping: how to step them.
        new_engine: makes what plays them.
        rooms: the memory that they may take.
        limit: worlds at one time.
        name: a name that no world has had.
    """

    def __init__(
        self,
        stepping: Stepping,
        new_engine: NewEngine,
        rooms: Rooms,
        limit: int,
        name: Callable[[], str],
    ) -> None:
        self._stepping = stepping
        self._rooms = rooms
        self._reserved = 0
        self._new_engine = new_engine
        self._limit = limit
        self._name = name
        self._worlds: dict[str, World] = {}

    def __len__(self) -> int:
        return len(self._worlds)

    async def create(self, read: Callable[[], WorldSetup]) -> World:
        """A new world; `read` tells what is asked for, and may take long.

        Raises:
            ResourceExhausted: there are too many.
            MazemeshError: as `read`.
        """
        # Making one takes long, and meanwhile others ask whether there is room.
        if len(self._worlds) + self._reserved >= self._limit:
            raise ResourceExhausted(f"{self._limit} worlds exist, the limit; destroy one first")
        self._reserved += 1
        try:
            setup = await self._stepping.in_thread(read)
            share = await self._rooms.take(setup.game, setup.game.resolve(setup.settings), 1)
            engine = await self._stepping.in_thread(self._new_engine, setup.game, setup.settings, 1)
            world = World(self._name(), setup, Batch(engine, share), self._stepping)
            self._worlds[world.name] = world
        finally:
            self._reserved -= 1
        return world

    def find(self, name: str) -> World:
        """The world of that name.

        Raises:
            NotFound: there is none (any more).
        """
        try:
            return self._worlds[name]
        except KeyError:
            raise NotFound(f"world {name!r} does not exist; create it first") from None

    def join(self, name: str) -> World:
        """Takes the seat of a world.

        Raises:
            NotFound: there is no such world.
            FailedPrecondition: somebody has its seat.
        """
        world = self.find(name)
        if world.joined:
            raise FailedPrecondition(f"world {name!r} is joined already; it has one seat")
        world.joined = True
        world.touched = self._stepping.clock()
        world.restart()
        return world

    def leave(self, world: World) -> None:
        """Gives the seat back."""
        world.joined = False
        world.touched = self._stepping.clock()

    def destroy(self, name: str) -> None:
        """Ends a world.

        Raises:
            NotFound: there is no such world.
            FailedPrecondition: somebody has its seat.
        """
        world = self.find(name)
        if world.joined:
            raise FailedPrecondition(f"world {name!r} is joined; leave it first")
        del self._worlds[name]
        world.batch.close()

    def drop_idle(self, seconds: float) -> None:
        """Ends worlds that nobody has joined or touched for so long."""
        latest = self._stepping.clock() - seconds
        for world in list(self._worlds.values()):
            if not world.joined and world.touched <= latest:
                self.destroy(world.name)


def _nothing(report: Report) -> None:
    """A world looks at its engine itself."""


def check_action(action: int, num_actions: int) -> None:
    """Raises InvalidArgument when there is no such action."""
    if not 0 <= action < num_actions:
        raise InvalidArgument(f"action: {action} is outside 0..{num_actions - 1}")
