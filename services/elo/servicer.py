"""The Elo service on the wire: validate, convert, ask the ladders, convert back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations

import numpy as np

from mazemesh.errors import NotFound, ResourceExhausted, Unavailable
from mazemesh.names import GATE_ID
from mazemesh.v1 import elo_pb2, elo_pb2_grpc
from services._harness.calls.context import Context
from services._harness.pacing import paced
from services._harness.pages.paging import page_size, page_token, read_token
from services.elo.games.empirical import analysed
from services.elo.gate.gate import Gate
from services.elo.gate.gates import Gates
from services.elo.standings.board import Board
from services.elo.standings.ratings import Ratings
from services.elo.store import GateStore, ResultLog, Status
from services.elo.wire import answers, empirical, filters, gates, validation
from services.elo.wire.first_pages import FirstPages, Watched
from services.elo.wire.leaderboards import MOST_PLAYERS, PAGE, Leaderboards, check_around, find
from services.elo.wire.results import payloads
from services.elo.wire.results.reading import RequestReader
from services.elo.wire.results.transfers import Transfers

_STATUSES = {
    Status.RECORDED: elo_pb2.RECORD_STATUS_RECORDED,
    Status.DUPLICATE: elo_pb2.RECORD_STATUS_DUPLICATE,
    Status.CONFLICT: elo_pb2.RECORD_STATUS_CONFLICT,
}

_POINTS = 1000
_COMPARED = 20
_MOST_COMPARED = 64
_TELL_SECONDS = 1.0


class EloServicer(elo_pb2_grpc.EloServiceServicer):
    """Serves `Ratings`.

    Args:
        ratings: The ladders.
        log: Where the matches of their histories are.
        leaderboards: Pages of the ladders, curves and matrices.
        most_watchers: Open WatchLeaderboard streams at once.
        least_seconds: Least time between two messages of a watch.
        heartbeat_seconds: Most time between two messages of a watch.
        gate_store: Where gates are listed from.
        evaluated: The gates.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        ratings: Ratings,
        log: ResultLog,
        leaderboards: Leaderboards,
        *,
        most_watchers: int,
        least_seconds: float,
        heartbeat_seconds: float,
        gate_store: GateStore,
        evaluated: Gates,
        clock: Callable[[], float],
    ) -> None:
        self._ratings = ratings
        self._leaderboards = leaderboards
        self._log = log
        self._reader = RequestReader()
        self._transfers = Transfers(ratings, log, self._reader)
        self.watching, self._most_watchers = 0, most_watchers
        self._first_pages = FirstPages(leaderboards.rows)
        self._least_seconds = least_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._analysing = asyncio.Lock()
        self._gates, self._gate_store, self._clock = evaluated, gate_store, clock

    async def RecordResults(  # type: ignore[override]  # see wire.handlers
        self, request: bytes, context: Context
    ) -> elo_pb2.RecordResultsResponse:
        """Appends results; the request comes as bytes."""
        statuses = await self._ratings.record(await self._reader.read(request))
        return elo_pb2.RecordResultsResponse(statuses=[_STATUSES[status] for status in statuses])

    async def GetResults(
        self, request: elo_pb2.GetResultsRequest, context: Context
    ) -> elo_pb2.GetResultsResponse:
        """What the log has of matches."""
        ids = validation.asked_matches(request.match_ids)
        found = await self._log.named(ids)
        return elo_pb2.GetResultsResponse(
            results=[payloads.message(found[one]) for one in ids if one in found]
        )

    async def GetRating(
        self, request: elo_pb2.GetRatingRequest, context: Context
    ) -> elo_pb2.GetRatingResponse:
        """One player's rating."""
        validation.check_player("player", request.player)
        model = validation.model_of(request.model)
        board, player = find(self._ratings, request.ladder, request.player)
        if model is not None:
            board = await self._leaderboards.by_model.current(board, model, [player])
        else:
            await self._ratings.current(request.ladder, [player])
        return elo_pb2.GetRatingResponse(rating=answers.rating(board, board.standings, player))

    async def GetLeaderboard(  # type: ignore[override]  # see wire.handlers
        self, request: elo_pb2.GetLeaderboardRequest, context: Context
    ) -> bytes:
        """A page of players, best first; the answer goes as bytes."""
        return await self._leaderboards.page(request)

    async def WatchLeaderboard(  # type: ignore[override]  # see wire.handlers
        self, request: elo_pb2.WatchLeaderboardRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """The first page, now and whenever it has changed; as bytes."""
        size = page_size(request.page_size, PAGE, MOST_PLAYERS)
        ladder = validation.check_ladder("ladder", request.ladder)
        chosen = filters.chosen(request.prefix, request.filter)
        if request.around:
            check_around(request.around, chosen)
        model = validation.model_of(request.model)
        changes = self._ratings.changes(
            ladder, least=self._least_seconds, most=self._heartbeat_seconds
        )
        with self._watch():
            async for board in changes:
                if board is not None and model is not None:
                    board = await self._leaderboards.by_model.current(board, model)
                what = Watched(ladder, size, chosen, request.around, model)
                yield self._first_pages.of(what, board)
        raise Unavailable("the Elo service is stopping; watch again")

    async def GetRatingHistory(
        self, request: elo_pb2.GetRatingHistoryRequest, context: Context
    ) -> elo_pb2.GetRatingHistoryResponse:
        """A player's online ratings over time."""
        size = page_size(request.page_size, _POINTS, _POINTS)
        (start,) = read_token(request.page_token) or (0,)
        validation.check_player("player", request.player)
        board, player = find(self._ratings, request.ladder, request.player)
        points = await self._ratings.history(board, player, start, size)
        matches = await self._log.find(points.sequences.tolist())
        end = start + len(points)
        more = len(points) and end < board.ladder.players[player].matches
        return elo_pb2.GetRatingHistoryResponse(
            points=answers.points(request.player, points, matches),
            next_page_token=page_token(end) if more else "",
        )

    async def GetHeadToHead(
        self, request: elo_pb2.GetHeadToHeadRequest, context: Context
    ) -> elo_pb2.GetHeadToHeadResponse:
        """Results between pairs of players."""
        validation.check_ladder("ladder", request.ladder)
        board, players = await self._compared(request.ladder, request.players)
        if board is None:
            return elo_pb2.GetHeadToHeadResponse()
        response = elo_pb2.GetHeadToHeadResponse()
        async for pair in paced(combinations(players, 2)):
            found = answers.head_to_head(board, *pair)
            if found is not None:
                response.pairs.append(found)
        return response

    async def GetRatingCurves(
        self, request: elo_pb2.GetRatingCurvesRequest, context: Context
    ) -> elo_pb2.GetRatingCurvesResponse:
        """Ratings with their intervals over time."""
        return await self._leaderboards.rating_curves(request)

    async def GetHeadToHeadMatrix(
        self, request: elo_pb2.GetHeadToHeadMatrixRequest, context: Context
    ) -> elo_pb2.GetHeadToHeadMatrixResponse:
        """Results between many players as matrices."""
        return await self._leaderboards.matrix(request)

    async def ListLadders(
        self, request: elo_pb2.ListLaddersRequest, context: Context
    ) -> elo_pb2.ListLaddersResponse:
        """Ladders by name."""
        return self._leaderboards.ladders(request)

    async def ListResults(  # type: ignore[override]  # see wire.handlers
        self, request: elo_pb2.ListResultsRequest, context: Context
    ) -> bytes:
        """The log, oldest first; the answer goes as bytes."""
        return await self._transfers.page(request)

    async def ImportResults(  # type: ignore[override]  # see wire.handlers
        self, request: bytes, context: Context
    ) -> elo_pb2.ImportResultsResponse:
        """Appends what was played elsewhere; the request comes as bytes."""
        statuses = await self._transfers.take(request)
        return elo_pb2.ImportResultsResponse(statuses=[_STATUSES[status] for status in statuses])

    async def GetEmpiricalGame(
        self, request: elo_pb2.GetEmpiricalGameRequest, context: Context
    ) -> elo_pb2.GetEmpiricalGameResponse:
        """Who would be sent if each side chose."""
        validation.check_ladder("ladder", request.ladder)
        alpha = empirical.alpha_of(request)
        board, players = await self._compared(request.ladder, request.players)
        if board is None or len(players) < 2:
            raise NotFound(
                f"players: {len(players)} of those asked for have a rating on ladder "
                f"{request.ladder!r}; a game takes two at least"
            )
        async with self._analysing:
            payoffs = await empirical.payoffs_of(board, players)
            rng = np.random.default_rng(board.ladder.high_water)
            game = await asyncio.to_thread(analysed, payoffs, alpha, rng)
        return empirical.answer([board.ladder.players.names[one] for one in players], game)

    async def EvaluateGate(
        self, request: elo_pb2.EvaluateGateRequest, context: Context
    ) -> elo_pb2.EvaluateGateResponse:
        """Whether a candidate is better than a baseline."""
        gate = await self._gates.evaluate(gates.asked(request, self._clock()))
        return elo_pb2.EvaluateGateResponse(gate=gates.answer(gate))

    async def ListGates(
        self, request: elo_pb2.ListGatesRequest, context: Context
    ) -> elo_pb2.ListGatesResponse:
        """Gates, the newest first."""
        size = page_size(request.page_size, PAGE, MOST_PLAYERS)
        (before,) = read_token(request.page_token) or (0,)
        if request.ladder:
            validation.check_ladder("ladder", request.ladder)
        found = await self._gate_store.page(before, size, request.ladder)
        return elo_pb2.ListGatesResponse(
            gates=[gates.answer(gate) for _, gate in found],
            next_page_token=page_token(found[-1][0]) if len(found) == size else "",
        )

    async def GetGatePath(
        self, request: elo_pb2.GetGatePathRequest, context: Context
    ) -> elo_pb2.GetGatePathResponse:
        """How a gate's evidence grew."""
        return gates.path(await self._gate(request.gate_id))

    async def _gate(self, gate_id: str) -> Gate:
        gate = await self._gate_store.get(GATE_ID.check("gate_id", gate_id))
        if gate is None:
            raise NotFound(f"gate_id: there is no gate {gate_id!r}; ListGates has them")
        return gate

    async def WatchGate(
        self, request: elo_pb2.WatchGateRequest, context: Context
    ) -> AsyncIterator[elo_pb2.WatchGateResponse]:
        """A gate, until it has ended."""
        gate = await self._gate(request.gate_id)
        changes = self._ratings.changes(
            gate.ladder, least=self._least_seconds, most=self._heartbeat_seconds
        )
        with self._watch():
            async for _ in changes:
                gate = await self._gates.look(gate)
                yield elo_pb2.WatchGateResponse(gate=gates.answer(gate))
                if gate.ended:
                    return
        raise Unavailable("the Elo service is stopping; watch again")

    async def RetractResults(
        self, request: elo_pb2.RetractResultsRequest, context: Context
    ) -> elo_pb2.RetractResultsResponse:
        """Takes results back."""
        ids = validation.check_match_ids(request.match_ids)
        entries = await self._ratings.retractions(ids)
        if entries:
            await self._ratings.record(payloads.batch(entries))
        return elo_pb2.RetractResultsResponse(retracted=[entry.retracts for entry in entries])

    async def RebuildRatings(
        self, request: elo_pb2.RebuildRatingsRequest, context: Context
    ) -> AsyncIterator[elo_pb2.RebuildRatingsResponse]:
        """Refolds the log, tells what differs and replaces it."""
        told = 0.0
        async for report in self._ratings.rebuild(verify_only=request.verify_only):
            if report.done or time.monotonic() - told >= _TELL_SECONDS:
                yield answers.rebuilt(report)
                told = time.monotonic()

    async def _compared(self, ladder: str, names: Sequence[str]) -> tuple[Board | None, list[int]]:
        """A ladder, and which of the players it knows; the best ones where none is named."""
        validation.check_compared(names, _MOST_COMPARED)
        board = await self._ratings.current(ladder)
        if board is None:
            return None, []
        if not names:
            return board, list(board.standings.order[:_COMPARED])
        known = map(board.ladder.index, names)
        players = [player for player in known if player is not None]
        await self._ratings.current(ladder, players)
        return board, players

    @contextmanager
    def _watch(self) -> Iterator[None]:
        """One place among those who watch."""
        if self.watching >= self._most_watchers:
            raise ResourceExhausted(
                f"{self.watching} watches are open, which is the most; read GetLeaderboard instead"
            )
        self.watching += 1
        try:
            yield
        finally:
            self.watching -= 1
