"""What the games of a server may take of its memory: known and reserved before it is allocated."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import partial
from itertools import count

from mazemesh.errors import ResourceExhausted
from mazemesh.games import Game, GameSettings
from services.game.play.share import Share
from services.game.play.stepping import Stepping
from services.game.play.tape import HASH_BYTES, HASH_INTERVAL

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes that games of one kind take: some for all together, and some for each."""

    fixed: int
    each: int

    def of(self, games: int) -> int:
        """Bytes of so many games."""
        return self.fixed + games * self.each

    def fit(self, room: int) -> int:
        """How many games fit into so many bytes."""
        return max(0, (room - self.fixed) // self.each)


def footprint(
    game: Game,
    settings: GameSettings,
    *,
    autoreset: bool,
    draw_ahead: bool = False,
    with_state: bool = False,
) -> Footprint:
    """What an engine of a game under resolved settings takes, with its answers and its tape.

    What foreign environments keep for themselves is not known, and not in it. At first use it loads
    the engine, which takes a while.
    """
    spec = game.spec(settings)
    few, many = (game.engine_bytes(settings, games, draw_ahead=draw_ahead) for games in (1, 2))
    each = many - few
    # The answer that is kept and the one that is being made; and the actions that are played.
    actions = spec.seats * spec.action_bytes
    each += 2 * spec.step_bytes + actions
    if with_state:  # two in the engine, and as many in each answer
        each += 6 * spec.state_bytes
    if not autoreset:
        each += spec.step_limit * actions + spec.step_limit // HASH_INTERVAL * HASH_BYTES
    return Footprint(max(few - (many - few), 0), each)


class Room:
    """The memory that is left for games; one thread takes it, any may give it back.

    Args:
        limit: bytes of all games together.
        limit_each: bytes of the games of one session, one world or one batch of matches.
    """

    def __init__(self, limit: int, limit_each: int) -> None:
        self._limit = limit
        self._limit_each = min(limit, limit_each)
        self._taken: dict[int, int] = {}
        self._numbers = count()

    @property
    def used(self) -> int:
        """Bytes that are reserved."""
        return sum(list(self._taken.values()))

    @property
    def limit_each(self) -> int:
        """Bytes that games which are made together may take."""
        return self._limit_each

    def take(self, need: Footprint, games: int, field: str = "num_games") -> Share:
        """Reserves the memory of so many games.

        Raises:
            ResourceExhausted: there is not so much; tells how many games fit.
        """
        size, left = need.of(games), self._limit - self.used
        for room, what in ((self._limit_each, "the limit of one session"), (left, "what is left")):
            if size > room:
                raise ResourceExhausted(
                    f"{field}: {games} games take {size / _MIB:.1f} MiB of memory; "
                    f"{room / _MIB:.1f} MiB is {what}, so that {need.fit(room)} games of this size "
                    "fit"
                )
        share, number = Share(), next(self._numbers)
        self._taken[number] = size
        weakref.finalize(share, self._taken.pop, number, None)
        return share


@dataclass(frozen=True, slots=True)
class Rooms:
    """The room of a server, and how to find out what games need of it.

    Attributes:
        room: the memory.
        stepping: has the threads in which that is found out.
        draw_ahead: whether training games draw their next mazes ahead.
    """

    room: Room
    stepping: Stepping
    draw_ahead: bool = False

    async def need(
        self, game: Game, settings: GameSettings, *, autoreset: bool, with_state: bool = False
    ) -> Footprint:
        """What games under resolved settings take."""
        call = partial(
            footprint,
            game,
            settings,
            autoreset=autoreset,
            draw_ahead=self.draw_ahead and autoreset,
            with_state=with_state,
        )
        return await self.stepping.in_thread(call)

    async def take(
        self,
        game: Game,
        settings: GameSettings,
        games: int,
        field: str = "num_games",
        *,
        autoreset: bool = True,
        with_state: bool = False,
    ) -> Share:
        """Reserves the memory of so many games.

        Raises:
            ResourceExhausted: as `Room.take`.
        """
        need = await self.need(game, settings, autoreset=autoreset, with_state=with_state)
        return self.room.take(need, games, field)
