"""GameService on the wire: validate, convert, call the core, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice

from mazemesh.errors import NotFound, ResourceExhausted
from mazemesh.game_replay import GameReplay, verify
from mazemesh.games import BOTS, Catalogue, bot_policy, list_games
from mazemesh.games.registry import is_own
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceServicer
from mazemesh.wire.specs import spec_to_proto
from services._harness.calls.context import Context
from services._harness.pages.key_pages import key_page
from services._harness.pages.paging import page_size, page_token, read_token
from services.game.listing import Listing
from services.game.matches.match_host import MatchHost
from services.game.play.stepping import Stepping
from services.game.play.watching import Audience, Watcher
from services.game.play_game import PlayGameStream
from services.game.recordings.archive import Archive
from services.game.run_games import RunGamesStream
from services.game.store import RecordingFilter
from services.game.wire import backfill, convert
from services.game.wire.live_games import LiveGames, place
from services.game.wire.recordings import recording, recording_info, shown

_MAX_CREATING = 64
"""Calls of CreateGames at one time; each may hold its request and its answer in memory."""


class GameServicer(GameServiceServicer):
    """Every RPC of GameService; the two-way streams have files of their own."""

    def __init__(
        self,
        match_host: MatchHost,
        listing: Listing,
        archive: Archive,
        stepping: Stepping,
        run_games: RunGamesStream,
        play_game: PlayGameStream,
        games: Catalogue,
        audience: Audience,
        replay_audience: Audience,
        public_address: str,
        live: LiveGames | None = None,
    ) -> None:
        self._match_host = match_host
        self._listing = listing
        self._archive = archive
        self._stepping = stepping
        self._run_games = run_games
        self._play_game = play_game
        self._games = games
        self._audience = audience
        self._replay_audience = replay_audience
        self._public_address = public_address
        self._live = live
        self._creating = 0

    async def ListGames(
        self, request: pb.ListGamesRequest, context: Context
    ) -> pb.ListGamesResponse:
        """The games and bots of this version."""
        games, following = key_page(
            list_games(), lambda game: game.name, request.page_size, request.page_token
        )
        return pb.ListGamesResponse(
            games=[
                pb.GameInfo(
                    name=game.name,
                    description=game.summary,
                    min_seats=game.min_seats,
                    max_seats=game.max_seats,
                    default_spec=spec_to_proto(game),
                    bots=[bot_policy(name) for name in game.bots],
                )
                for game in games
            ],
            bots=[bot_policy(name) for name in BOTS],
            foreign_games=self._games.foreign,
            next_page_token=following,
        )

    async def GetGameSpec(
        self, request: pb.GetGameSpecRequest, context: Context
    ) -> pb.GetGameSpecResponse:
        """One game under given settings."""
        if is_own(self._games.check(request.game)):
            return convert.game_spec(request, self._games)
        return await self._stepping.in_thread(convert.game_spec, request, self._games)

    async def CreateGames(
        self, request: pb.CreateGamesRequest, context: Context
    ) -> pb.CreateGamesResponse:
        """Creates matches."""
        if self._creating >= _MAX_CREATING:
            raise ResourceExhausted(
                f"{self._creating} calls of CreateGames are under way, the limit of this server; "
                "try again when they are answered",
                retry_after=1.0,
            )
        self._creating += 1
        try:
            setups = await self._stepping.in_thread(convert.match_setups, request, self._games)
            matches = await self._match_host.create(setups)
            return await self._stepping.in_thread(convert.created, matches, self._public_address)
        finally:
            self._creating -= 1

    async def ListVacantSeats(
        self, request: pb.ListVacantSeatsRequest, context: Context
    ) -> pb.ListVacantSeatsResponse:
        """Seats that another player may take."""
        seconds = backfill.vacant_for(request)
        found = self._match_host.vacant(seconds, page_size(request.max_seats))
        return pb.ListVacantSeatsResponse(
            seats=[
                backfill.vacant_seat(one, self._match_host.vacant_time(one), self._public_address)
                for one in found
            ]
        )

    async def ReplacePlayer(
        self, request: pb.ReplacePlayerRequest, context: Context
    ) -> pb.ReplacePlayerResponse:
        """Gives a seat to another player."""
        token = self._match_host.replace(
            request.game_id, request.seat, request.participant, request.replacement
        )
        return pb.ReplacePlayerResponse(seat_token=token)

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
        watched = self._listing.find(request.game_id)
        watchers = watched.batch.watchers
        self._audience.enter()
        observed = request.with_observations
        watcher = Watcher(observes=observed)
        try:
            async with watched.batch.at_rest():
                self._listing.find(request.game_id)  # it may have ended meanwhile
                watchers.add(watched.index, watcher)
                first = convert.first_frame(request.game_id, watched, observed=observed)
            yield first
            while True:
                frame = await watcher.next()
                if frame is None:
                    raise NotFound(f"game {request.game_id!r} is not running any more")
                yield convert.frame(request.game_id, frame, observed=observed)
                if frame.outcome is not None:
                    return
        finally:
            self._audience.leave()
            watchers.remove(watched.index, watcher)

    async def ListActiveGames(
        self, request: pb.ListActiveGamesRequest, context: Context
    ) -> pb.ListActiveGamesResponse:
        """A page of running games."""
        size = page_size(request.page_size)
        if self._live is not None:
            return await self._list_all(self._live, size, request)
        (before,) = read_token(request.page_token) or (None,)
        entries = self._listing.page(
            size + 1,
            before,
            matches=request.kind != pb.ACTIVE_GAME_KIND_TRAINING,
            training=request.kind != pb.ACTIVE_GAME_KIND_MATCH,
        )
        more = len(entries) > size
        return pb.ListActiveGamesResponse(
            games=[convert.active_game(entry, self._public_address) for entry in entries[:size]],
            next_page_token=page_token(entries[size - 1].serial) if more else "",
        )

    async def _list_all(
        self, live: LiveGames, size: int, request: pb.ListActiveGamesRequest
    ) -> pb.ListActiveGamesResponse:
        """A page of the games of all instances."""
        before = read_token(request.page_token, numbers=2)
        games = await live.page(size + 1, before, request.kind)
        more = len(games) > size
        return pb.ListActiveGamesResponse(
            games=games[:size],
            next_page_token=page_token(*place(games[size - 1])) if more else "",
        )

    async def GetReplay(
        self, request: pb.GetReplayRequest, context: Context
    ) -> pb.GetReplayResponse:
        """What was played in a finished game."""
        entry, content = await self._archive.read(request.game_id)
        found = await self._stepping.in_thread(recording, entry, content)
        difference = ""
        if request.verify:
            difference = await self._stepping.in_thread(_difference, found, self._games)
        return pb.GetReplayResponse(replay=found, difference=difference)

    async def ListReplays(
        self, request: pb.ListReplaysRequest, context: Context
    ) -> pb.ListReplaysResponse:
        """A page of recordings."""
        size = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (None,)
        entries = await self._archive.page(
            size + 1,
            before,
            RecordingFilter(request.game, request.match_id, request.participant),
        )
        more = len(entries) > size
        return pb.ListReplaysResponse(
            replays=[recording_info(entry) for entry in entries[:size]],
            next_page_token=page_token(entries[size - 1].position) if more else "",
        )

    async def WatchReplay(
        self, request: pb.WatchReplayRequest, context: Context
    ) -> AsyncIterator[pb.WatchReplayResponse]:
        """A finished game once more."""
        self._replay_audience.enter()
        try:
            entry, content = await self._archive.read(request.game_id)
            found = await self._stepping.in_thread(recording, entry, content)
            moments = shown(found, self._games, observed=request.with_observations)
            while some := await self._stepping.in_thread(_next_of, moments):
                for moment in some:
                    yield moment
        finally:
            self._replay_audience.leave()


_FRAMES_AT_ONCE = 64


def _next_of(moments: Iterator[pb.WatchReplayResponse]) -> list[pb.WatchReplayResponse]:
    """Some more of them, so that a thread is asked seldom and holds few."""
    return list(islice(moments, _FRAMES_AT_ONCE))


def _difference(message: pb.GameReplay, games: Catalogue) -> str:
    """Where a recording is not what the engine plays, in words; empty: nowhere."""
    found = verify(GameReplay.from_proto(message), games)
    return "" if found is None else f"step {found.step}: {found.reason}"
