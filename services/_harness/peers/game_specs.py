"""What a service knows of games that it does not play: asked of the Game service, and remembered.

Only the Game service opens games. Whoever else needs shapes, teams or the ladder of one asks for
its spec, so that a name in a message reaches no code here.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final, Protocol

from mazemesh.errors import DeadlineExceeded, InvalidArgument, Unavailable
from mazemesh.game_names import check_game_name
from mazemesh.games.settings import GameSettings
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.specs import settings_from_proto, settings_to_proto, spec_from_proto
from services._harness.peers.connecting import game_peer
from services._harness.peers.known_games import KnownGame

WAIT_SECONDS: Final = 5.0
"""How long Game is waited for unless said otherwise, as when a whole mesh starts at once."""

AGAIN_SECONDS: Final = 60.0
"""After so long Game is asked anew: it may have been started again with other games."""

_BRIEF_SECONDS: Final = 1.0
_MAX_REMEMBERED: Final = 512
_THREADS: Final = 4


def known_game(message: pb.GetGameSpecResponse) -> KnownGame:
    """From Game's answer."""
    return KnownGame(
        spec_from_proto(message.spec),
        settings_from_proto(message.spec.settings),
        message.spec.ladder,
        message.max_seats,
        tuple(message.bots),
    )


class SpecPeer(Protocol):
    """The Game service, as far as specs go."""

    async def spec(self, request: pb.GetGameSpecRequest, wait: float) -> pb.GetGameSpecResponse:
        """Asks GetGameSpec; waits at most `wait` seconds for Game.

        Raises:
            InvalidArgument: as Game does.
            Unavailable: Game is away.
        """


class GameSpecs:
    """Specs of games by name and settings; belongs to one event loop.

    At most 512 are remembered, those used last, each by the hash of the request. One that is older
    than a minute is asked for anew, and still holds when Game is away by then.
    """

    def __init__(
        self,
        game: SpecPeer,
        clock: Callable[[], float] = time.monotonic,
        wait: float = WAIT_SECONDS,
    ) -> None:
        """`wait`: seconds that Game is waited for; less than callers wait for this service."""
        self._game = game
        self._clock = clock
        self._wait = wait
        self._known: OrderedDict[bytes, tuple[float, KnownGame]] = OrderedDict()

    async def get(self, game: str, settings: GameSettings | None = None) -> KnownGame:
        """The game of that name under the settings; None takes its defaults.

        Raises:
            InvalidArgument: Game knows or allows no such game, or the settings do not fit it.
            Unavailable: Game is away, and this is not remembered.
        """
        check_game_name(game)
        request = pb.GetGameSpecRequest(game=game)
        if settings is not None:
            request.settings.CopyFrom(settings_to_proto(settings))
        key = sha256(request.SerializeToString(deterministic=True)).digest()
        asked, known = self._known.get(key, (0.0, None))
        if known is not None and self._clock() - asked < AGAIN_SECONDS:
            self._known.move_to_end(key)
            return known
        try:
            wait = self._wait if known is None else min(self._wait, _BRIEF_SECONDS)
            known = known_game(await self._game.spec(request, wait))
        except InvalidArgument:
            self._known.pop(key, None)
            raise
        except Unavailable as error:
            if known is None:
                raise Unavailable(
                    f"game: the Game service is to tell what {game!r} is like, and is away; try "
                    f"again ({error})"
                ) from error
        self._known[key] = self._clock(), known
        self._known.move_to_end(key)
        while len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)
        return known


class RemoteSpecs:
    """`SpecPeer` by a `GameClient`, whose calls wait in four threads of their own.

    Whoever finds them taken waits for them within the same time, so that Game's absence holds up
    nothing else in the process.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="specs")
        self._game = game_peer(address, self._threads)

    async def spec(self, request: pb.GetGameSpecRequest, wait: float) -> pb.GetGameSpecResponse:
        """See `SpecPeer`."""
        try:
            async with asyncio.timeout(2 * wait):
                return await self._game.call(lambda client: client.ask_spec(request, wait))
        except (TimeoutError, DeadlineExceeded) as error:
            raise Unavailable(
                f"no answer from Game at {self._address} within {wait:g} s"
            ) from error

    async def close(self) -> None:
        """Closes the channel, which ends calls in flight."""
        await self._game.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
