"""What is asked of leaderboards, of now and of other times, and their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import numpy as np

from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.names import GAME, is_ladder_of
from mazemesh.v1 import elo_pb2
from services._harness.pacing import paced
from services._harness.pages.key_pages import key_page
from services._harness.pages.paging import page_size
from services.elo.history.curves import MOST_POINTS, Curves, Waypoint, waypoint
from services.elo.history.windows import Window, Windows
from services.elo.standings import meetings, paging
from services.elo.standings.board import Board
from services.elo.standings.by_model import ByModel, Model
from services.elo.standings.filters import Filter, listed
from services.elo.standings.ratings import Ratings
from services.elo.store import PageStore
from services.elo.wire import answers, filters, history, validation
from services.elo.wire.leaderboard_cache import LeaderboardCache
from services.elo.wire.rows import Rows

PAGE, MOST_PLAYERS = 50, 1000
_POINTS, _MOST_CURVES = 32, 64
_COMPARED, _MOST_COMPARED = 20, 256


class Leaderboards:
    """Pages, curves and matrices.

    Args:
        ratings: The ladders as they are.
        windows: The ladders of other times.
        curves: The ladders as they were.
        pages: Where instances share pages; None: nowhere.
    """

    def __init__(
        self, ratings: Ratings, windows: Windows, curves: Curves, pages: PageStore | None
    ) -> None:
        self._ratings, self._windows, self._curves = ratings, windows, curves
        self.by_model = ByModel(ratings.boards.settling, time.monotonic)
        self.rows = Rows()
        self._cache = LeaderboardCache(pages, self.rows)

    async def page(self, request: elo_pb2.GetLeaderboardRequest) -> bytes:
        """A GetLeaderboardResponse."""
        size = page_size(request.page_size, PAGE, MOST_PLAYERS)
        ladder = validation.check_ladder("ladder", request.ladder)
        chosen = filters.chosen(request.prefix, request.filter)
        window = filters.window(request)
        if request.around:
            check_around(request.around, chosen)
            if request.page_token:
                raise InvalidArgument("around and page_token exclude each other; send one of them")
        model = validation.model_of(request.model)
        live = window == filters.ANY_TIME
        if live:
            board = await self._present(request, model)
        else:
            board = await self._windows.board(Window(ladder, *window, model is not None))
            if board is not None and model is not None:
                board = await ByModel(self._ratings.boards.settling, time.monotonic).current(
                    board, model
                )
        if request.around:
            if board is None:
                raise NotFound(
                    f"{request.around!r} has no result on ladder {ladder!r} in this time"
                )
            page = paging.page_around(board, size, request.around, chosen)
            return self.rows.page(board, page, model)
        if board is None:
            return elo_pb2.GetLeaderboardResponse(ladder=ladder).SerializeToString()
        if request.page_token:
            page = paging.page_after(board, size, request.page_token, chosen)
            return self.rows.page(board, page, model)
        if live and model is None:
            return await self._cache.first_page(board, size, chosen)
        return self.rows.page(board, paging.first_page(board, size, chosen), model)

    async def _present(
        self, request: elo_pb2.GetLeaderboardRequest, model: Model | None
    ) -> Board | None:
        """The ladder of now, by a model, with whom is asked for."""
        players: list[int] = []
        board = self._ratings.board(request.ladder)
        if request.around:
            board, player = find(self._ratings, request.ladder, request.around)
            players = [player]
        if board is not None and model is not None:
            if request.page_token:
                return self.by_model.view(board, model)
            return await self.by_model.current(board, model, players)
        if not request.page_token:
            await self._ratings.current(request.ladder, players)
        return board

    async def rating_curves(
        self, request: elo_pb2.GetRatingCurvesRequest
    ) -> elo_pb2.GetRatingCurvesResponse:
        """Ratings after equal parts of a ladder's matches."""
        most = page_size(request.max_points, _POINTS, MOST_POINTS)
        ladder = validation.check_ladder("ladder", request.ladder)
        start, end = filters.window(request)
        validation.check_players(request.players, 1, _MOST_CURVES)
        board = self._ratings.board(ladder)
        known = {name: board.ladder.index(name) for name in request.players} if board else {}
        players = {name: player for name, player in known.items() if player is not None}
        if board is None or not players:
            raise NotFound(f"players: none of them has a result on ladder {ladder!r}")
        await self._ratings.current(ladder, players.values())
        waypoints = [*await self._curves.waypoints(board)]
        now = _now(board)
        if not waypoints or waypoints[-1].ladder_matches < now.ladder_matches:
            waypoints.append(now)
        inside = [one for one in waypoints if start <= one.time < end]
        return elo_pb2.GetRatingCurvesResponse(
            curves=[history.curve(name, player, inside, most) for name, player in players.items()]
        )

    async def matrix(
        self, request: elo_pb2.GetHeadToHeadMatrixRequest
    ) -> elo_pb2.GetHeadToHeadMatrixResponse:
        """How many players did against each other."""
        most = page_size(request.max_players, _COMPARED, _MOST_COMPARED)
        ladder = validation.check_ladder("ladder", request.ladder)
        chosen = filters.chosen("", request.filter)
        window = filters.window(request)
        validation.check_compared(request.players, _MOST_COMPARED)
        if window == filters.ANY_TIME:
            board = await self._ratings.current(ladder)
        else:
            board = await self._windows.board(Window(ladder, *window))
        players = [] if board is None else _compared(board, request.players, chosen, most)
        if board is None or len(players) < 2:
            raise NotFound(
                f"players: {len(players)} of those asked for have a rating on ladder {ladder!r}; "
                "a matrix takes two at least"
            )
        standings = board.standings
        tally = meetings.Tally(players, len(standings.names))
        pairs = board.ladder.pairs
        async for begin in paced(range(0, pairs.count, meetings.ROWS_AT_ONCE)):
            tally.add(pairs.rows[begin : begin + meetings.ROWS_AT_ONCE])
        met = tally.meetings()
        superior = await asyncio.to_thread(meetings.superiorities, standings, players)
        expected = meetings.expected_scores(standings, players, met.games)
        return history.matrix([standings.names[one] for one in players], met, expected, superior)

    def ladders(self, request: elo_pb2.ListLaddersRequest) -> elo_pb2.ListLaddersResponse:
        """Ladders by name."""
        if request.game:
            GAME.check("game", request.game)
        boards = {
            board.ladder.name: board
            for board in self._ratings.boards
            if not request.game or is_ladder_of(board.ladder.name, request.game)
        }
        size = page_size(request.page_size, PAGE, MOST_PLAYERS)
        names, token = key_page(boards, str, size, request.page_token)
        return elo_pb2.ListLaddersResponse(
            ladders=[answers.ladder(boards[name]) for name in names], next_page_token=token
        )


def find(ratings: Ratings, ladder: str, player: str) -> tuple[Board, int]:
    """A ladder, and the index of a player on it.

    Raises:
        NotFound: it has no result there.
    """
    validation.check_ladder("ladder", ladder)
    board = ratings.board(ladder)
    index = board.ladder.index(player) if board is not None else None
    if board is None or index is None:
        raise NotFound(f"{player!r} has no result on ladder {ladder!r}")
    return board, index


def check_around(player: str, chosen: Filter) -> None:
    """Refuses to look around somebody whom the filter leaves out.

    Raises:
        InvalidArgument: so it is, or it is no player.
    """
    validation.check_player("around", player)
    if not player.startswith(chosen.prefix):
        raise validation.wrong("around", player, f"must begin with prefix {chosen.prefix!r}")
    if not chosen.accepts(player):
        raise validation.wrong("around", player, "must be one whom the filter leaves in")


def _compared(board: Board, names: Sequence[str], chosen: Filter, most: int) -> list[int]:
    if not names:
        return [int(one) for one in listed(board.standings, board.ladder.players, chosen)[:most]]
    fitted = len(board.standings.names)
    known = map(board.ladder.index, names)
    return [player for player in known if player is not None and player < fitted]


def _now(board: Board) -> Waypoint:
    latest = int(np.max(board.ladder.players.last_finishes[: len(board.standings.names)]))
    return waypoint(board.ladder, board.standings, latest)
