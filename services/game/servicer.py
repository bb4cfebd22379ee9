"""GameService on the wire: validate, convert, call the core, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator

from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.games import BOTS, bot_policy, list_games
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceServicer
from mazemesh.wire import spec_to_proto
from services.game import convert
from services.game.listing import Listing, parse_page_token
from services.game.lobby import Lobby
from services.game.play_game import PlayGameStream
from services.game.run_games import Context, RunGamesStream

_PAGE = 100
_MAX_PAGE = 1000


class GameServicer(GameServiceServicer):
    """Every RPC of GameService; the two-way streams have files of their own."""

    def __init__(
        self, lobby: Lobby, listing: Listing, run_games: RunGamesStream, play_game: PlayGameStream
    ) -> None:
        self._lobby = lobby
        self._listing = listing
        self._run_games = run_games
        self._play_game = play_game

    async def ListGames(
        self, request: pb.ListGamesRequest, context: Context
    ) -> pb.ListGamesResponse:
        """The games and bots of this version."""
        return pb.ListGamesResponse(
            games=[
                pb.GameInfo(
                    name=game.name,
                    description=game.summary,
                    min_seats=game.min_seats,
                    max_seats=game.max_seats,
                    default_spec=spec_to_proto(game),
                )
                for game in list_games()
            ],
            bots=[bot_policy(name) for name in BOTS],
        )

    async def CreateGames(
        self, request: pb.CreateGamesRequest, context: Context
    ) -> pb.CreateGamesResponse:
        """Creates matches."""
        matches = await self._lobby.create(convert.match_setups(request))
        return pb.CreateGamesResponse(matches=[convert.created_match(match) for match in matches])

    # The stubs only know servicers that yield; these two write by context.write, so that they can
    # be ended while they wait.
    async def PlayGame(self, requests: object, context: Context) -> None:  # type: ignore[override]
        """One seat."""
        await self._play_game.serve(context)

    async def RunGames(self, requests: object, context: Context) -> None:  # type: ignore[override]
        """One client's batch of games."""
        await self._run_games.serve(context)

    async def WatchGame(
        self, request: pb.WatchGameRequest, context: Context
    ) -> AsyncIterator[pb.WatchGameResponse]:
        """Frames of a game."""
        watched = await self._listing.find(request.game_id)
        watchers = watched.batch.watchers
        watcher = watchers.add(watched.index)
        try:
            yield convert.first_frame(request.game_id, watched)
            while True:
                frame = await watcher.next()
                if frame is None:
                    raise NotFound(f"game {request.game_id!r} is not running any more")
                yield convert.frame(request.game_id, frame)
                if frame.outcome is not None:
                    return
        finally:
            watchers.remove(watched.index, watcher)

    async def ListActiveGames(
        self, request: pb.ListActiveGamesRequest, context: Context
    ) -> pb.ListActiveGamesResponse:
        """A page of running games."""
        size = request.page_size or _PAGE
        if not 1 <= size <= _MAX_PAGE:
            raise InvalidArgument(f"page_size: {size} is outside 0..{_MAX_PAGE}")
        entries = self._listing.page(
            size + 1,
            parse_page_token(request.page_token),
            matches=request.kind != pb.ACTIVE_GAME_KIND_TRAINING,
            training=request.kind != pb.ACTIVE_GAME_KIND_MATCH,
        )
        more = len(entries) > size
        return pb.ListActiveGamesResponse(
            games=[convert.active_game(entry) for entry in entries[:size]],
            next_page_token=str(entries[size - 1].serial) if more else "",
        )
