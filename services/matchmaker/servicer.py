"""The RPCs: validate, convert, call the core, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator

from mazemesh.names import LADDER, MATCH_ID, POLICY, REQUEST_ID, WORKER_ID
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceServicer
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services._harness.pages.key_pages import key_page
from services._harness.peers.known_games import KnownGames
from services.matchmaker.rating.evaluation import Evaluation
from services.matchmaker.training.training import Training
from services.matchmaker.wire.convert import (
    adversaries_of,
    in_range,
    leased_match,
    opponents_response,
    outcomes_of,
    records_response,
    sides_of,
    whom_to_meet,
)
from services.matchmaker.wire.find_calls import FindCalls
from services.matchmaker.wire.gate_calls import GateCalls
from services.matchmaker.wire.rating_rules import rules_response
from services.matchmaker.wire.tournament_calls import TournamentCalls
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
        find_calls: FindCalls,
        games: KnownGames,
        gate_calls: GateCalls,
        tournament_calls: TournamentCalls,
        workers: WorkerCalls,
        *,
        temperature: float,
    ) -> None:
        self._training = training
        self._evaluation = evaluation
        self._find_calls = find_calls
        self._games = games
        self._gates = gate_calls
        self._tournaments = tournament_calls
        self._workers = workers
        self._temperature = temperature

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
        async for response in self._find_calls.find(request):
            yield response

    # The stubs only know servicers that yield; this one writes by context.write, as news and
    # answers come from two sides.
    async def FindMatches(  # type: ignore[override]
        self, requests: object, context: Context
    ) -> None:
        """Follows many tickets."""
        await self._find_calls.find_many(context)

    async def CancelMatch(
        self, request: pb.CancelMatchRequest, context: Context
    ) -> pb.CancelMatchResponse:
        """Withdraws a ticket."""
        return await self._find_calls.cancel(request)

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

    async def CreateTournament(
        self, request: pb.CreateTournamentRequest, context: Context
    ) -> pb.CreateTournamentResponse:
        """Starts a tournament."""
        return pb.CreateTournamentResponse(tournament=await self._tournaments.create(request))

    async def CancelTournament(
        self, request: pb.CancelTournamentRequest, context: Context
    ) -> pb.CancelTournamentResponse:
        """Ends a tournament."""
        return pb.CancelTournamentResponse(tournament=await self._tournaments.cancel(request))

    async def GetTournament(
        self, request: pb.GetTournamentRequest, context: Context
    ) -> pb.GetTournamentResponse:
        """A tournament."""
        return await self._tournaments.get(request)

    async def ListTournaments(
        self, request: pb.ListTournamentsRequest, context: Context
    ) -> pb.ListTournamentsResponse:
        """A page of tournaments."""
        return await self._tournaments.page(request)

    async def WatchTournament(
        self, request: pb.WatchTournamentRequest, context: Context
    ) -> AsyncIterator[pb.WatchTournamentResponse]:
        """A tournament to its end."""
        async for response in self._tournaments.watch(request):
            yield response

    async def TakePart(
        self, request: pb.TakePartRequest, context: Context
    ) -> AsyncIterator[pb.TakePartResponse]:
        """A person's place in a tournament."""
        async for response in self._tournaments.take_part(request):
            yield response


def _own(worker_id: str) -> str:
    """A worker's id as leases know it: another key cannot end or fail them under the same id."""
    key = caller().key
    return worker_id if key is None else f"{key.id}/{worker_id}"[:_LONGEST_WORKER]
