"""Client of the Game service."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mazemesh.client.addresses import split_addresses
from mazemesh.client.calling.targets import is_local
from mazemesh.client.credentials import Credentials
from mazemesh.client.game.games_session import RECONNECT_SECONDS, GamesSession, Step
from mazemesh.client.game.instance import GameInstance
from mazemesh.client.game.instances import Instances
from mazemesh.client.game.own_thread_stream import Stream
from mazemesh.client.game.seat_session import SeatSession
from mazemesh.errors import NotFound, Unavailable
from mazemesh.game_replay import GameReplay
from mazemesh.games import GameSettings
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.specs import settings_to_proto
from mazemesh.wire.tensors import to_bytes

if TYPE_CHECKING:
    from mazemesh.client.aio.game import AsyncGame

__all__ = ["GameClient", "GamesSession", "SeatSession", "Step"]

_PAGE = 1000
_SPEC_SECONDS = 65.0  # a foreign game has 60 s to start
_RECONNECT_OF_SEVERAL = 5.0


class GameClient:
    """Plays and watches games. Thread-safe; a session belongs to one thread.

    Of a service with several instances `address` lists all, separated by commas. Sessions and
    matches are then made at each in turn, passing over those that are away; what is known of any
    game is asked of any, and what an instance alone knows of all. Matches are joined where they
    were created: `client.at(created.game_address).join_session(...)`.

    ```pycon
    >>> spec = mesh.game.spec("race").spec
    >>> spec.seats, spec.num_actions
    (2, 5)
    >>> from mazemesh.v1 import game_pb2
    >>> running = next(mesh.game.list_active(game_pb2.ACTIVE_GAME_KIND_TRAINING))
    >>> first = next(mesh.game.watch(running.game_id))
    >>> len(first.passages) == first.width * first.height
    True

    ```
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials | None = None,
        *,
        reconnect_seconds: float = RECONNECT_SECONDS,
    ) -> None:
        """`reconnect_seconds`: how long sessions try to go on over a cut connection.

        At most 5 where there are other instances, at which a new one is soon begun.
        """
        instances = [GameInstance(one, credentials) for one in split_addresses(address)]
        self._credentials = credentials
        self.address = address
        self.channel = instances[0].channel
        self._instances = Instances(instances)
        self._first = instances[0]
        several = min(reconnect_seconds, _RECONNECT_OF_SEVERAL)
        self._reconnect_seconds = several if len(instances) > 1 else reconnect_seconds
        self._at: dict[str, GameClient] = {}
        self._at_lock = threading.Lock()

    def at(self, address: str) -> GameClient:
        """A client of the one instance at an address that a server told; empty: of any.

        It is closed together with this one.
        """
        if address in ("", self.address):
            return self
        with self._at_lock:
            if address not in self._at:
                seconds = min(self._reconnect_seconds, _RECONNECT_OF_SEVERAL)
                self._at[address] = GameClient(
                    address, self._credentials, reconnect_seconds=seconds
                )
            return self._at[address]

    @property
    def aio(self) -> AsyncGame:
        """What people ask, for asyncio."""
        from mazemesh.client.aio.game import AsyncGame

        return AsyncGame(self)

    def list_games(self) -> pb.ListGamesResponse:
        """The games and bots of the server."""
        request = pb.ListGamesRequest()
        return self._instances.anyone(lambda one: one.ask(one.stub.ListGames, request))

    def spec(
        self, game: str, settings: GameSettings | pb.GameSettings | None = None
    ) -> pb.GetGameSpecResponse:
        """One game under the settings, with its bots; None takes its defaults.

        Raises:
            InvalidArgument: there is no such game, the server does not allow it, or the settings do
                not fit it.
        """
        if isinstance(settings, GameSettings):
            settings = settings_to_proto(settings)
        request = pb.GetGameSpecRequest(game=game, settings=settings)
        return self._instances.anyone(
            lambda one: one.ask(one.stub.GetGameSpec, request, _SPEC_SECONDS)
        )

    def ask_spec(self, request: pb.GetGameSpecRequest, wait: float) -> pb.GetGameSpecResponse:
        """As `spec`, and waits for a server that is not up yet, `wait` seconds in all.

        Raises:
            InvalidArgument: as `spec`.
            DeadlineExceeded: there was no answer in time.
        """
        if len(self._instances) > 1:
            with suppress(Unavailable):
                return self._instances.anyone(
                    lambda one: one.ask(one.stub.GetGameSpec, request, wait)
                )
        ask = partial(self._first.stub.GetGameSpec, wait_for_ready=True)
        return self._first.ask(ask, request, wait)

    @property
    def near(self) -> bool:
        """Whether the service is on this machine, to which bytes cost less than packing them."""
        return is_local(self._first.address)

    def create(self, matches: Sequence[pb.MatchSetup]) -> list[pb.CreatedMatch]:
        """Creates the games of matches, all or none, at one instance.

        Of several instances `game_address` tells which one it was.

        Raises:
            InvalidArgument: a setup is wrong; index and field are named.
            FailedPrecondition: a match is finished, or its fence is lower than one seen.
            AlreadyExists: another setup under a match id.
        """
        request = pb.CreateGamesRequest(matches=matches)
        return self._instances.anyone(lambda one: self._create_at(one, request))

    def _create_at(
        self, one: GameInstance, request: pb.CreateGamesRequest
    ) -> list[pb.CreatedMatch]:
        created = list(one.ask(one.stub.CreateGames, request, 30.0).matches)
        if len(self._instances) > 1:
            for match in created:
                match.game_address = match.game_address or one.address
        return created

    def vacant_seats(self, seconds: float, max_seats: int = 100) -> list[tuple[pb.VacantSeat, str]]:
        """Seats of running games that have stood empty for so long and may be given away.

        Each with the address of the instance that has it, for `at`. Those of all instances that are
        there, at most `max_seats` (1000) of each.
        """
        request = pb.ListVacantSeatsRequest(max_seats=max_seats)
        request.vacant_for.FromNanoseconds(round(seconds * 1e9))
        found: list[tuple[pb.VacantSeat, str]] = []
        for one in self._instances:
            with nullcontext() if len(self._instances) == 1 else suppress(Unavailable):
                seats = one.ask(one.stub.ListVacantSeats, request).seats
                found += [(seat, one.address) for seat in seats]
        return found

    def replace_player(self, game_id: str, seat: int, participant: str, replacement: str) -> str:
        """Gives a vacant seat to another player; returns the token of it.

        Raises:
            NotFound: there is no such game at this address.
            FailedPrecondition: the seat is not to be given away, or not `participant`'s any more.
        """
        request = pb.ReplacePlayerRequest(
            game_id=game_id, seat=seat, participant=participant, replacement=replacement
        )
        return self._first.ask(self._first.stub.ReplacePlayer, request).seat_token

    def play(self, seat_token: str) -> SeatSession:
        """Takes a seat, of a match that was created at this address.

        Raises:
            NotFound: the token names no seat (any more).
        """
        return SeatSession(self._first.stub.PlayGame, self._first.address, seat_token)

    def open_session(
        self,
        game: str,
        settings: GameSettings | None,
        num_games: int,
        seed: int,
        first_game_id: int = 0,
        controllers: npt.NDArray[np.int8] | None = None,
        session_id: str = "",
        *,
        packed: bool = False,
        with_state: bool = False,
    ) -> GamesSession:
        """Begins endless training episodes.

        Args:
            game: name of the game.
            settings: its settings; None for the defaults.
            num_games: 1..16384.
            seed: of the training range; with `first_game_id` + g it names the mazes of game g.
            first_game_id: lets several sessions share a seed.
            controllers: int8 [num_games, seats], -1 the caller, else the bot of that code.
            session_id: made up if empty.
            packed: whether what is seen may stay in the few bits in which it then travels:
                `GamesSession.packings` tells how, for `mazemesh.packing.rows.unpack`.
            with_state: whether steps tell the state of whole games, for a central critic.

        Raises:
            InvalidArgument: a value is out of range, named.
            ResourceExhausted: the server has too many sessions.
        """
        message = pb.OpenSession(
            session_id=session_id or uuid.uuid4().hex,
            game=game,
            settings=None if settings is None else settings_to_proto(settings),
            num_games=num_games,
            seed=seed,
            first_game_id=first_game_id,
            controllers=b"" if controllers is None else to_bytes(controllers, "int8"),
            packed=packed,
            with_state=with_state,
        )
        first = pb.RunGamesRequest(open=message)
        return self._instances.anyone(
            lambda one: GamesSession(
                one.run_games,
                one.address,
                first,
                # Elsewhere it is of another machine, or none that a server should name.
                open_local=one.run_games_locally if is_local(one.address) else None,
                open_at=self._run_games_at,
                controllers=controllers,
                grace=self._reconnect_seconds,
            )
        )

    def join_session(
        self, seat_tokens: Sequence[str], session_id: str = "", *, packed: bool = False
    ) -> GamesSession:
        """Plays games that were created at this address, all seats that the server does not play.

        `packed`: as for `open_session`.

        Raises:
            NotFound: a token names no seat (any more).
            InvalidArgument: a seat's token is missing, or the games' specs differ.
            FailedPrecondition: a game is played otherwise already.
        """
        message = pb.JoinSession(
            session_id=session_id or uuid.uuid4().hex, seat_tokens=seat_tokens, packed=packed
        )
        return GamesSession(
            self._first.run_games,
            self._first.address,
            pb.RunGamesRequest(join=message),
            open_at=self._run_games_at,
            grace=self._reconnect_seconds,
        )

    def close(self) -> None:
        """Closes the channels; calls in flight end with `Unavailable`."""
        with self._at_lock:
            for client in (*self._instances, *self._at.values()):
                client.close()

    def _run_games_at(self, address: str, first: bytes) -> Stream:
        """A stream to the instance at an address that it told."""
        return self.at(address).run_games(first)

    def run_games(self, first: bytes) -> Stream:
        """A stream of RunGames at this address that begins with a message."""
        return self._first.run_games(first)

    def watch(
        self, game_id: str, *, with_observations: bool = False
    ) -> Iterator[pb.WatchGameResponse]:
        """Frames of a running game to its end, at whichever instance it runs.

        `with_observations`: with what each seat sees, where that is one column.

        Raises:
            NotFound: the game is not running.
            FailedPrecondition: what seats see is several columns.
        """
        request = pb.WatchGameRequest(game_id=game_id, with_observations=with_observations)
        *before, last = self._instances
        for one in before:
            # Nobody but the instance that plays it knows the game; one that is away plays none.
            frames = one.follow(one.stub.WatchGame, request)
            try:
                first = next(frames)
            except (NotFound, Unavailable):
                continue
            yield first
            yield from frames
            return
        yield from last.follow(last.stub.WatchGame, request)

    def watch_replay(
        self, game_id: str, *, with_observations: bool = False
    ) -> Iterator[pb.WatchReplayResponse]:
        """A finished game once more: before its first step, then after each one.

        Raises:
            NotFound: there is no replay of it (yet, or any more).
            FailedPrecondition: its file is damaged, it was played by other rules, or has no maze.
            ResourceExhausted: too many look at recordings already.
        """
        request = pb.WatchReplayRequest(game_id=game_id, with_observations=with_observations)
        return self._first.follow(self._first.stub.WatchReplay, request)

    def list_active(
        self, kind: pb.ActiveGameKind = pb.ACTIVE_GAME_KIND_UNSPECIFIED
    ) -> Iterator[pb.ActiveGame]:
        """Running games of one instance after the other, of each the newest first.

        Raises:
            Unavailable: an instance is away.
        """
        # Instances that share a Redis list each other's games.
        seen: set[str] = set()
        for one in self._instances:
            for game in _active(one, kind):
                if game.game_id not in seen:
                    seen.add(game.game_id)
                    yield game

    def replay(self, game_id: str) -> GameReplay:
        """What was played in a finished game of a match.

        Raises:
            NotFound: there is no replay of it (yet, or any more).
            FailedPrecondition: its file is damaged.
        """
        request = pb.GetReplayRequest(game_id=game_id)
        answer = self._instances.anyone(lambda one: one.ask(one.stub.GetReplay, request))
        return GameReplay.from_proto(answer.replay)

    def verify_replay(self, game_id: str) -> str:
        """Has the service play a finished game of a match once more.

        Returns where that differs, in words; empty: nowhere. Raises as `replay`.
        """
        request = pb.GetReplayRequest(game_id=game_id, verify=True)
        return self._instances.anyone(lambda one: one.ask(one.stub.GetReplay, request)).difference

    def list_replays(
        self, *, game: str = "", match_id: str = "", participant: str = ""
    ) -> Iterator[pb.ReplayInfo]:
        """Replays, the last finished first; pages by itself."""
        token = ""
        while True:
            request = pb.ListReplaysRequest(
                page_size=_PAGE,
                page_token=token,
                game=game,
                match_id=match_id,
                participant=participant,
            )
            page = self._instances.anyone(partial(_replays, request=request))
            yield from page.replays
            token = page.next_page_token
            if not token:
                return


def _active(instance: GameInstance, kind: pb.ActiveGameKind) -> Iterator[pb.ActiveGame]:
    token = ""
    while True:
        request = pb.ListActiveGamesRequest(page_size=_PAGE, page_token=token, kind=kind)
        page = instance.ask(instance.stub.ListActiveGames, request)
        yield from page.games
        token = page.next_page_token
        if not token:
            return


def _replays(instance: GameInstance, request: pb.ListReplaysRequest) -> pb.ListReplaysResponse:
    return instance.ask(instance.stub.ListReplays, request)
