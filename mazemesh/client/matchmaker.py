"""Client of the Matchmaker service."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from mazemesh.client.channel import ServiceClient
from mazemesh.client.credentials import Credentials
from mazemesh.games import GameSettings
from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from mazemesh.wire.specs import settings_to_proto

if TYPE_CHECKING:
    from mazemesh.client.aio.matchmaker import AsyncMatchmaker

_SERVICE = "mazemesh.v1.MatchmakerService"

# Leasing creates games at Game under its own retries; on top of that comes the choice of matches.
_LEASE_DEADLINE = 30.0
# Model, Game and Elo are asked first.
_GATE_DEADLINE = 30.0
# A thousand entrants are looked up first.
_TOURNAMENT_DEADLINE = 120.0


_REPEATABLE = (
    *("SampleOpponents", "ListTrainingRecords", "CompleteMatch", "CancelMatch"),
    *("StartGate", "CancelGate", "ListGateRuns", "ListRatingRules"),
    *("ListWorkers", "ListWorkerEvents"),
    *("CreateTournament", "GetTournament", "ListTournaments", "CancelTournament"),
)


class MatchmakerClient(ServiceClient):
    """Decides who plays whom. Thread-safe; errors are those of `mazemesh.errors`.

    ```pycon
    >>> news = mesh.matchmaker.find("player/zoe", "race", bot_after=0.5)
    >>> matched = next(told.matched for told in news if told.HasField("matched"))
    >>> with mesh.game.at(matched.game_address).play(matched.seat_token) as seat:
    ...     seat.spec.name
    'race'

    ```
    """

    def __init__(self, address: str, credentials: Credentials | None = None) -> None:
        # A lease that is asked for again is another lease, so that is not tried again.
        super().__init__(
            address,
            tuple((_SERVICE, method) for method in _REPEATABLE),
            credentials,
        )
        self._stub = MatchmakerServiceStub(self.channel)

    @property
    def aio(self) -> AsyncMatchmaker:
        """What people ask, for asyncio."""
        from mazemesh.client.aio.matchmaker import AsyncMatchmaker

        return AsyncMatchmaker(self)

    def sample_opponents(
        self,
        student: str,
        game: str,
        count: int,
        outcomes: Mapping[str, tuple[int, int, int]] | None = None,
        request_id: str = "",
        pool: Sequence[str] = (),
        exploits: str = "",
        sides: int = 2,
        adversaries: Sequence[str] = (),
        *,
        exploits_pool: bool = False,
    ) -> list[pb.Opponent]:
        """`count` opponents for the student's next episodes, 1..4096.

        Args:
            student: Name of the policy that learns.
            game: Name of the game.
            count: How many.
            outcomes: (wins, draws, losses) of the student's finished episodes since the last call,
                by opponent.
            request_id: Outcomes count once for an id; empty takes a new one.
            pool: Names of further policies whose snapshots are met.
            exploits: Name of the policy that the student exploits; empty: none.
            sides: How many play against each other (`mazemesh.games.ladder.sides`).
            adversaries: Names of the policies that hold the other sides, in a run of several.
            exploits_pool: Whether it meets the snapshots of `pool` alone, as a league exploiter.
        """
        request = pb.SampleOpponentsRequest(
            request_id=request_id or str(uuid.uuid4()),
            student=student,
            game=game,
            count=count,
            outcomes=[
                pb.OpponentOutcomes(opponent=opponent, wins=wins, draws=draws, losses=losses)
                for opponent, (wins, draws, losses) in (outcomes or {}).items()
            ],
            pool=pool,
            exploits=exploits,
            sides=sides,
            adversaries=adversaries,
            exploits_pool=exploits_pool,
        )
        return list(self._call(self._stub.SampleOpponents, request).opponents)

    def training_records(self, student: str = "") -> list[pb.TrainingRecord]:
        """How a student fared in training against each opponent; without a name: all students."""
        request = pb.ListTrainingRecordsRequest(student=student)
        records: list[pb.TrainingRecord] = []
        while True:
            page = self._call(self._stub.ListTrainingRecords, request)
            records += page.records
            if not page.next_page_token:
                return records
            request.page_token = page.next_page_token

    def lease(self, worker_id: str, max_matches: int, game: str = "") -> pb.LeaseMatchesResponse:
        """Rating matches to play, at most 256; when there is none, `retry_after` is set."""
        request = pb.LeaseMatchesRequest(worker_id=worker_id, max_matches=max_matches, game=game)
        return self._call(self._stub.LeaseMatches, request, _LEASE_DEADLINE)

    def complete(self, match_id: str, fence: int, worker_id: str, failure: str = "") -> None:
        """Ends a lease; `failure` says why the match could not be played.

        Raises:
            FailedPrecondition: the lease ran out and the match was issued again, or abandoned.
            NotFound: no such match.
        """
        self._call(
            self._stub.CompleteMatch,
            pb.CompleteMatchRequest(
                match_id=match_id, fence=fence, worker_id=worker_id, failure=failure
            ),
        )

    def find(
        self,
        player: str,
        game: str,
        *,
        settings: GameSettings | None = None,
        rated: bool = False,
        max_wait: float = 60.0,
        bot_after: float | None = None,
        request_id: str = "",
        party: Sequence[str] = (),
        backfill: bool = False,
    ) -> Iterator[pb.FindMatchResponse]:
        """News of the search: `queued` from time to time, then `matched`, which is the last.

        The seat is taken where `matched` says, since a game lives on one instance of Game:
        `mesh.game.at(matched.game_address).play(matched.seat_token)`. `matched.party` has the seats
        of the party.

        Closing the iterator leaves the queue after 10 s; `cancel` does so at once. When the service
        was stopped in the middle (Unavailable), the same `request_id` within 10 s of its start
        follows the same ticket, which keeps its age.

        Args:
            player: "player/..." or "name:version".
            game: Name of the game.
            settings: Its settings; None is the default.
            rated: Whether the result counts.
            max_wait: Seconds, 0 < s <= 3600.
            bot_after: Seconds after which a bot will do; None is never.
            request_id: A repeated id follows the same ticket; empty takes a new one.
            party: Players who come along, and sit in the same team; in games of teams.
            backfill: Whether a seat of a running match will do, whose player stays away, and the
                player's own may go to another likewise.

        Raises:
            DeadlineExceeded: nobody came within `max_wait`.
            AlreadyExists: a player waits on this ladder already (reason TICKET_WAITS).
            Cancelled: the ticket was withdrawn.
        """
        request = find_request(
            player,
            game,
            settings=settings,
            rated=rated,
            max_wait=max_wait,
            bot_after=bot_after,
            request_id=request_id,
            party=party,
            backfill=backfill,
        )
        return self.find_by(request)

    def find_by(self, request: pb.FindMatchRequest) -> Iterator[pb.FindMatchResponse]:
        """As `find`, by a request as it stands (`find_request`)."""
        return self._stream(self._stub.FindMatch, request, None)

    def find_many(
        self, requests: Iterable[pb.FindMatchesRequest]
    ) -> Iterator[pb.FindMatchesResponse]:
        """News of many players' searches over one stream, for a front end that holds them.

        Args:
            requests: Tickets as they come (`find_request` makes one), and ids to withdraw; it is
                read in a thread of gRPC's. Once it has ended, so does the stream, with the last
                ticket.

        Raises:
            InvalidArgument: a message has too many of them.
            Unavailable: the service stops; the same request ids follow the same tickets.
        """
        return self._stream(self._stub.FindMatches, iter(requests), None)

    def cancel(self, ticket_id: str) -> None:
        """Withdraws a ticket.

        Raises:
            FailedPrecondition: it is matched already.
            NotFound: no such ticket.
        """
        self._call(self._stub.CancelMatch, pb.CancelMatchRequest(ticket_id=ticket_id))

    def start_gate(self, request: pb.StartGateRequest) -> pb.GateRun:
        """Has a candidate play a gate; a `request_id` is made where the request has none.

        Raises:
            NotFound: there is no such version.
            FailedPrecondition: the two cannot meet, or the alias stands for another version.
            InvalidArgument: a field is wrong.
            ResourceExhausted: too many gates run.
        """
        complete = pb.StartGateRequest()
        complete.CopyFrom(request)
        complete.request_id = request.request_id or str(uuid.uuid4())
        return self._call(self._stub.StartGate, complete, _GATE_DEADLINE).run

    def cancel_gate(self, gate_id: str, reason: str = "") -> pb.GateRun:
        """Ends a gate without a verdict; one that has ended is returned as it is.

        Raises:
            NotFound: there is none.
        """
        request = pb.CancelGateRequest(gate_id=gate_id, reason=reason)
        return self._call(self._stub.CancelGate, request).run

    def gate_runs(self, *, gate_id: str = "", name: str = "") -> Iterator[pb.GateRun]:
        """Gates, the last started first: one, or those of a policy's candidates, or all."""
        request = pb.ListGateRunsRequest(gate_id=gate_id, name=name)
        while True:
            page = self._call(self._stub.ListGateRuns, request)
            yield from page.runs
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def watch_gate_run(self, gate_id: str) -> Iterator[pb.GateRun]:
        """A gate now and whenever it has changed, until it has ended; at least every 20 s.

        Raises:
            NotFound: there is none.
            Unavailable: the service stopped; watch again.
        """
        request = pb.WatchGateRunRequest(gate_id=gate_id)
        for response in self._stream(self._stub.WatchGateRun, request, None):
            yield response.run

    def create_tournament(self, request: pb.CreateTournamentRequest) -> pb.Tournament:
        """Starts a tournament; a `request_id` is made where the request has none.

        `mazemesh.tournaments.asking.request` makes one from plain words.

        Raises:
            NotFound: there is no such version.
            FailedPrecondition: they cannot meet.
            InvalidArgument: a field is wrong.
            ResourceExhausted: too many tournaments run.
        """
        complete = pb.CreateTournamentRequest()
        complete.CopyFrom(request)
        complete.request_id = request.request_id or str(uuid.uuid4())
        return self._call(self._stub.CreateTournament, complete, _TOURNAMENT_DEADLINE).tournament

    def tournament(self, tournament_id: str) -> View:
        """A tournament as it is now, with its standings and all encounters.

        Raises:
            NotFound: there is none.
        """
        view = View()
        request = pb.GetTournamentRequest(tournament_id=tournament_id, page_size=1000)
        while True:
            page = self._call(self._stub.GetTournament, request)
            view.take(page.tournament, page.encounters)
            if not page.next_page_token:
                return view
            request.page_token = page.next_page_token

    def tournaments(self) -> Iterator[pb.TournamentSummary]:
        """All of them, the last started first."""
        request = pb.ListTournamentsRequest()
        while True:
            page = self._call(self._stub.ListTournaments, request)
            yield from page.tournaments
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def watch_tournament(self, tournament_id: str) -> Iterator[View]:
        """A tournament now and whenever it has changed, until it has ended; at least every 20 s.

        It is one view, which goes on.

        Raises:
            NotFound: there is none.
            Unavailable: the service stopped; watch again.
        """
        view = View()
        request = pb.WatchTournamentRequest(tournament_id=tournament_id)
        for response in self._stream(self._stub.WatchTournament, request, None):
            view.take(response.tournament, response.encounters)
            if not response.more:
                yield view

    def cancel_tournament(self, tournament_id: str, reason: str = "") -> pb.Tournament:
        """Ends a tournament as it stands; one that has ended is returned as it is.

        Raises:
            NotFound: there is none.
        """
        request = pb.CancelTournamentRequest(tournament_id=tournament_id, reason=reason)
        return self._call(self._stub.CancelTournament, request).tournament

    def take_part(self, tournament_id: str, player: str) -> Iterator[pb.TakePartResponse]:
        """What is next for a person in a tournament, who is there as long as this goes on.

        `waiting` from time to time; `matched` with a seat of each game, which are taken where it
        says, `mesh.game.at(seat.game_address).play(seat.seat_token)`, while this is read on; and
        `over`, which is the last. Nothing is asked before the first of them is.

        Raises:
            NotFound: the tournament has no such member.
            Unavailable: the service stopped; ask again.
        """
        request = pb.TakePartRequest(tournament_id=tournament_id, player=player)
        return self._stream(self._stub.TakePart, request, None)

    def rating_rules(self, ladder: str = "") -> list[pb.RatingRuleCount]:
        """Why rating matches were chosen of late, and what they should tell; empty: all ladders."""
        request = pb.ListRatingRulesRequest(ladder=ladder)
        return list(self._call(self._stub.ListRatingRules, request).rules)

    def workers(self, *, quarantined: bool = False) -> Iterator[pb.WorkerStatus]:
        """Workers by id: all that are known, or those in quarantine."""
        request = pb.ListWorkersRequest(quarantined=quarantined)
        while True:
            page = self._call(self._stub.ListWorkers, request)
            yield from page.workers
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def worker_events(self, worker_id: str = "") -> Iterator[pb.WorkerEvent]:
        """What was decided about a worker, or all of them, the last first."""
        request = pb.ListWorkerEventsRequest(worker_id=worker_id)
        while True:
            page = self._call(self._stub.ListWorkerEvents, request)
            yield from page.events
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def quarantine_worker(self, worker_id: str, reason: str, starter: str = "") -> pb.WorkerEvent:
        """Gives a worker no matches any more, and has ratings count its results no more.

        Raises:
            NotFound: it was never leased a match.
            Unavailable: Elo is away; the worker is in quarantine all the same.
        """
        request = pb.QuarantineWorkerRequest(worker_id=worker_id, reason=reason, starter=starter)
        return self._call(self._stub.QuarantineWorker, request).event

    def release_worker(self, worker_id: str, reason: str, starter: str = "") -> pb.WorkerEvent:
        """Gives a worker matches again.

        Raises:
            FailedPrecondition: it is not in quarantine.
        """
        request = pb.ReleaseWorkerRequest(worker_id=worker_id, reason=reason, starter=starter)
        return self._call(self._stub.ReleaseWorker, request).event


def find_request(
    player: str,
    game: str,
    *,
    settings: GameSettings | None = None,
    rated: bool = False,
    max_wait: float = 60.0,
    bot_after: float | None = None,
    request_id: str = "",
    party: Sequence[str] = (),
    backfill: bool = False,
) -> pb.FindMatchRequest:
    """A ticket, as `MatchmakerClient.find` asks for it; empty `request_id` takes a new one."""
    request = pb.FindMatchRequest(
        request_id=request_id or str(uuid.uuid4()),
        player=player,
        game=game,
        rated=rated,
        max_wait=_duration(max_wait),
        party=party,
        backfill=backfill,
    )
    if settings is not None:
        request.settings.CopyFrom(settings_to_proto(settings))
    if bot_after is not None:
        request.bot_after.CopyFrom(_duration(bot_after))
    return request


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
