"""Client of the Game service."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from functools import partial

import grpc
import numpy as np
import numpy.typing as npt

from mazemesh.client.channel import ServiceClient, open_channel
from mazemesh.client.game.games_session import RECONNECT_SECONDS, GamesSession, Step
from mazemesh.client.game.own_thread_stream import Stream, open_stream
from mazemesh.client.game.seat_session import SeatSession
from mazemesh.client.targets import is_local
from mazemesh.game_replay import GameReplay
from mazemesh.games import GameSettings
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from mazemesh.wire.specs import settings_to_proto
from mazemesh.wire.tensors import to_bytes

__all__ = ["GameClient", "GamesSession", "SeatSession", "Step"]

_SERVICE = "mazemesh.v1.GameService"
_RUN_GAMES = f"/{_SERVICE}/RunGames"
_PAGE = 1000
_SPEC_SECONDS = 65.0  # a foreign game has 60 s to start


class GameClient(ServiceClient):
    """Plays and watches games. Thread-safe; a session belongs to one thread."""

    def __init__(self, address: str, *, reconnect_seconds: float = RECONNECT_SECONDS) -> None:
        """`reconnect_seconds`: how long sessions try to go on over a cut connection."""
        # Creating is idempotent by match id.
        methods = (
            "ListGames",
            "GetGameSpec",
            "CreateGames",
            "ListActiveGames",
            "GetReplay",
            "ListReplays",
        )
        super().__init__(address, tuple((_SERVICE, method) for method in methods))
        self._stub = GameServiceStub(self.channel)
        self._reconnect_seconds = reconnect_seconds
        # Steps of megabytes come as bytes: the generated class would copy them twice.
        self._run_games = partial(open_stream, self.channel, _RUN_GAMES, self.address)
        self._local: dict[str, grpc.Channel] = {}
        self._local_lock = threading.Lock()

    def list_games(self) -> pb.ListGamesResponse:
        """The games and bots of the server."""
        return self._call(self._stub.ListGames, pb.ListGamesRequest())

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
        return self._call(
            self._stub.GetGameSpec,
            pb.GetGameSpecRequest(game=game, settings=settings),
            _SPEC_SECONDS,
        )

    def ask_spec(self, request: pb.GetGameSpecRequest, wait: float) -> pb.GetGameSpecResponse:
        """As `spec`, and waits for a server that is not up yet, `wait` seconds in all.

        Raises:
            InvalidArgument: as `spec`.
            DeadlineExceeded: there was no answer in time.
        """
        ask = partial(self._stub.GetGameSpec, wait_for_ready=True)
        return self._call(ask, request, wait)

    def create(self, matches: Sequence[pb.MatchSetup]) -> list[pb.CreatedMatch]:
        """Creates the games of matches, all or none.

        Raises:
            InvalidArgument: a setup is wrong; index and field are named.
            FailedPrecondition: a match is finished, or its fence is lower than one seen.
            AlreadyExists: another setup under a match id.
        """
        request = pb.CreateGamesRequest(matches=matches)
        return list(self._call(self._stub.CreateGames, request, 30.0).matches)

    def play(self, seat_token: str) -> SeatSession:
        """Takes a seat.

        Raises:
            NotFound: the token names no seat (any more).
        """
        return SeatSession(self._stub.PlayGame, self.address, seat_token)

    def open_session(
        self,
        game: str,
        settings: GameSettings | None,
        num_games: int,
        seed: int,
        first_game_id: int = 0,
        controllers: npt.NDArray[np.int8] | None = None,
        session_id: str = "",
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
        )
        first = pb.RunGamesRequest(open=message)
        return GamesSession(
            self._run_games,
            self.address,
            first,
            # Elsewhere such an address is of another machine, or none that a server should name.
            open_local=self._run_games_locally if is_local(self.address) else None,
            controllers=controllers,
            grace=self._reconnect_seconds,
        )

    def join_session(self, seat_tokens: Sequence[str], session_id: str = "") -> GamesSession:
        """Plays games that were created, all seats that the server does not play.

        Raises:
            NotFound: a token names no seat (any more).
            InvalidArgument: a seat's token is missing, or the games' specs differ.
            FailedPrecondition: a game is played otherwise already.
        """
        message = pb.JoinSession(session_id=session_id or uuid.uuid4().hex, seat_tokens=seat_tokens)
        return GamesSession(
            self._run_games,
            self.address,
            pb.RunGamesRequest(join=message),
            grace=self._reconnect_seconds,
        )

    def close(self) -> None:
        """Closes the channels; calls in flight end with `Unavailable`."""
        super().close()
        with self._local_lock:
            for channel in self._local.values():
                channel.close()

    def _run_games_locally(self, address: str, first: bytes) -> Stream:
        """A stream at an address that a server on this machine told."""
        with self._local_lock:
            if address not in self._local:
                self._local[address] = open_channel(address)
            return open_stream(self._local[address], _RUN_GAMES, address, first)

    def watch(self, game_id: str) -> Iterator[pb.WatchGameResponse]:
        """Frames of a running game to its end.

        Raises:
            NotFound: the game is not running.
        """
        return self._stream(self._stub.WatchGame, pb.WatchGameRequest(game_id=game_id), None)

    def list_active(
        self, kind: pb.ActiveGameKind = pb.ACTIVE_GAME_KIND_UNSPECIFIED
    ) -> Iterator[pb.ActiveGame]:
        """Running games, newest first."""
        token = ""
        while True:
            request = pb.ListActiveGamesRequest(page_size=_PAGE, page_token=token, kind=kind)
            page = self._call(self._stub.ListActiveGames, request)
            yield from page.games
            token = page.next_page_token
            if not token:
                return

    def replay(self, game_id: str) -> GameReplay:
        """What was played in a finished game of a match.

        Raises:
            NotFound: there is no replay of it (yet, or any more).
            FailedPrecondition: its file is damaged.
        """
        request = pb.GetReplayRequest(game_id=game_id)
        return GameReplay.from_proto(self._call(self._stub.GetReplay, request).replay)

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
            page = self._call(self._stub.ListReplays, request)
            yield from page.replays
            token = page.next_page_token
            if not token:
                return
