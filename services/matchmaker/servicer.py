"""The RPCs: validate, convert, call the core, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from mazemesh.errors import Cancelled, DeadlineExceeded, Reason, within
from mazemesh.names import LADDER, MATCH_ID, POLICY, REQUEST_ID, TICKET_ID, WORKER_ID
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceServicer
from mazemesh.wire.specs import settings_from_proto
from services._harness.access.admission import caller
from services._harness.access.callers.roles import ADMINISTRATORS
from services._harness.calls.context import Context
from services._harness.pages.key_pages import key_page
from services._harness.peers.known_games import KnownGames
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.tickets import Ticket, TicketState
from services.matchmaker.rating.evaluation import Evaluation
from services.matchmaker.rating.ladders import unshaped
from services.matchmaker.training.training import Training
from services.matchmaker.wire.convert import (
    adversaries_of,
    in_range,
    leased_match,
    news,
    opponents_response,
    outcomes_of,
    records_response,
    sides_of,
    whom_to_meet,
    wish_of,
)
from services.matchmaker.wire.gate_calls import GateCalls
from services.matchmaker.wire.rating_rules import rules_response
from services.matchmaker.wire.worker_calls import WorkerCalls

_MAX_OPPONENTS = 4096
_MAX_LEASES = 256
_MAX_FAILURE = 4096
_LONGEST_WORKER = 128


class MatchmakerServicer(MatchmakerServiceServicer):
    """See matchmaker.proto."""

    def __init__(
        self,
        training: Training,
        evaluation: Evaluation,
        lobby: Lobby,
        games: KnownGames,
        gate_calls: GateCalls,
        workers: WorkerCalls,
        *,
        temperature: float,
        game_address: str,
    ) -> None:
        self._training = training
        self._evaluation = evaluation
        self._lobby = lobby
        self._games = games
        self._gates = gate_calls
        self._workers = workers
        self._temperature = temperature
        self._game_address = game_address

    async def SampleOpponents(
        self, request: pb.SampleOpponentsRequest, context: Context
    ) -> pb.SampleOpponentsResponse:
        """Counts the outcomes, then draws."""
        request_id = REQUEST_ID.check("request_id", request.request_id)
        student = POLICY.check("student", request.student)
        count = in_range("count", request.count, 1, _MAX_OPPONENTS)
        outcomes = outcomes_of(request)
        others, exploits = whom_to_meet(request)
        adversaries = adversaries_of(request)
        game = await self._games.get(request.game)  # refused before anything is counted
        self._training.record(request_id, student, outcomes)
        return opponents_response(
            self._training.sample(
                student,
                game,
                count,
                others=others,
                exploits=exploits,
                sides=sides_of(request),
                adversaries=adversaries,
                exploits_pool=request.exploits_pool,
            )
        )

    async def ListTrainingRecords(
        self, request: pb.ListTrainingRecordsRequest, context: Context
    ) -> pb.ListTrainingRecordsResponse:
        """Who fared how against whom."""
        student = POLICY.check("student", request.student) if request.student else ""
        records, following = key_page(
            self._training.records(student),
            lambda one: f"{one[0]} {one[1]}",
            request.page_size,
            request.page_token,
        )
        return records_response(records, following)

    async def LeaseMatches(
        self, request: pb.LeaseMatchesRequest, context: Context
    ) -> pb.LeaseMatchesResponse:
        """Leases matches whose games exist by then."""
        worker = _own(WORKER_ID.check("worker_id", request.worker_id))
        limit = in_range("max_matches", request.max_matches, 1, _MAX_LEASES)
        if request.game:
            await self._games.get(request.game)
        issue = await self._evaluation.lease(worker, limit, request.game)
        response = pb.LeaseMatchesResponse(
            matches=[leased_match(*pair, self._temperature) for pair in issue.matches]
        )
        if not issue.matches:
            response.retry_after.FromNanoseconds(round(issue.retry_after * 1e9))
        return response

    async def CompleteMatch(
        self, request: pb.CompleteMatchRequest, context: Context
    ) -> pb.CompleteMatchResponse:
        """Ends a lease."""
        worker = _own(WORKER_ID.check("worker_id", request.worker_id))
        match_id = MATCH_ID.check("match_id", request.match_id)
        failure = request.failure[:_MAX_FAILURE]
        await self._evaluation.complete(match_id, request.fence, worker, failure)
        return pb.CompleteMatchResponse()

    async def FindMatch(
        self, request: pb.FindMatchRequest, context: Context
    ) -> AsyncIterator[pb.FindMatchResponse]:
        """Follows a ticket to its end."""
        request_id = REQUEST_ID.check("request_id", request.request_id)
        with within("settings"):
            settings = unshaped(settings_from_proto(request.settings))
        game = await self._games.get(request.game, settings)
        ticket = await self._lobby.enter(request_id, wish_of(request, game, caller().owner))
        async with aclosing(self._lobby.follow(ticket.ticket_id)) as updates:
            async for waiting in updates:
                ticket = waiting.ticket
                if ticket.state is TicketState.CANCELLED:
                    raise Cancelled(
                        f"ticket {ticket.ticket_id} was cancelled", reason=Reason.TICKET_CANCELLED
                    )
                if ticket.state is TicketState.EXPIRED:
                    raise DeadlineExceeded(_why_expired(ticket))
                yield news(waiting, self._game_address)

    async def CancelMatch(
        self, request: pb.CancelMatchRequest, context: Context
    ) -> pb.CancelMatchResponse:
        """Withdraws a ticket."""
        ticket_id = TICKET_ID.check("ticket_id", request.ticket_id)
        key = caller().key
        runs_the_mesh = key is not None and key.role in ADMINISTRATORS
        await self._lobby.cancel(ticket_id, None if runs_the_mesh else caller().owner)
        return pb.CancelMatchResponse()

    async def StartGate(
        self, request: pb.StartGateRequest, context: Context
    ) -> pb.StartGateResponse:
        """Starts a gate."""
        return pb.StartGateResponse(run=await self._gates.start(request))

    async def CancelGate(
        self, request: pb.CancelGateRequest, context: Context
    ) -> pb.CancelGateResponse:
        """Ends a gate."""
        return pb.CancelGateResponse(run=await self._gates.cancel(request))

    async def ListGateRuns(
        self, request: pb.ListGateRunsRequest, context: Context
    ) -> pb.ListGateRunsResponse:
        """A page of gates."""
        return await self._gates.page(request)

    async def WatchGateRun(
        self, request: pb.WatchGateRunRequest, context: Context
    ) -> AsyncIterator[pb.WatchGateRunResponse]:
        """A gate to its end."""
        async for run in self._gates.watch(request):
            yield pb.WatchGateRunResponse(run=run)

    async def ListRatingRules(
        self, request: pb.ListRatingRulesRequest, context: Context
    ) -> pb.ListRatingRulesResponse:
        """Why rating matches were chosen."""
        ladder = LADDER.check("ladder", request.ladder) if request.ladder else ""
        return rules_response(*await self._evaluation.chosen(), ladder)

    async def ListWorkers(
        self, request: pb.ListWorkersRequest, context: Context
    ) -> pb.ListWorkersResponse:
        """A page of workers."""
        return await self._workers.list(request)

    async def ListWorkerEvents(
        self, request: pb.ListWorkerEventsRequest, context: Context
    ) -> pb.ListWorkerEventsResponse:
        """A page of what was decided about them."""
        return await self._workers.events(request)

    async def QuarantineWorker(
        self, request: pb.QuarantineWorkerRequest, context: Context
    ) -> pb.QuarantineWorkerResponse:
        """Gives a worker no matches any more."""
        return pb.QuarantineWorkerResponse(event=await self._workers.quarantine(request))

    async def ReleaseWorker(
        self, request: pb.ReleaseWorkerRequest, context: Context
    ) -> pb.ReleaseWorkerResponse:
        """Gives it matches again."""
        return pb.ReleaseWorkerResponse(event=await self._workers.release(request))


def _why_expired(ticket: Ticket) -> str:
    if ticket.gone_since is not None:
        return f"ticket {ticket.ticket_id} expired because its stream was gone; ask anew"
    return f"no opponent within {ticket.wish.max_wait:g} s; raise max_wait or set bot_after"


def _own(worker_id: str) -> str:
    """A worker's id as leases know it: another key cannot end or fail them under the same id."""
    key = caller().key
    return worker_id if key is None else f"{key.id}/{worker_id}"[:_LONGEST_WORKER]
