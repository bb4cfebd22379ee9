"""The Matchmaker over a real socket, with peers written by hand."""

import asyncio
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio
import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import (
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Unavailable,
)
from mazemesh.games import GameSettings
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from services._harness import Server, serve
from services.matchmaker.bind import Peers, bind_with
from services.matchmaker.settings import MatchmakerSettings
from tests.unit.matchmaker.fakes import FakeElo, FakeGame, FakeModel, snapshot


@dataclass
class World:
    """Peers that outlive the server, and the server's folder."""

    folder: Path
    game: FakeGame = field(default_factory=FakeGame)
    elo: FakeElo = field(default_factory=FakeElo)
    model: FakeModel = field(default_factory=FakeModel)
    settings: dict[str, object] = field(default_factory=dict)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[Server, MatchmakerClient]]:
        settings = MatchmakerSettings(
            port=0,
            metrics_port=0,
            data_dir=self.folder,
            **self.settings,  # type: ignore[arg-type]
        )

        async def bind(settings: MatchmakerSettings, server: Server) -> None:
            await bind_with(settings, server, Peers(self.game, self.elo, self.model))

        async with serve(settings, bind) as server:
            client = MatchmakerClient(server.address)
            try:
                await self.model.listed.wait()
                yield server, client
            finally:
                client.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.model.keep(snapshot(1))
    return world


async def test_opponents_over_the_wire(world: World) -> None:
    async with world.serve() as (_, client):
        opponents = await asyncio.to_thread(client.sample_opponents, "race", "race", 100)
    sources = [one.source for one in opponents]
    assert sources.count(pb.OPPONENT_SOURCE_LATEST) == pytest.approx(50, abs=1)
    assert sources.count(pb.OPPONENT_SOURCE_BOT) == pytest.approx(12, abs=1)
    pfsp = {one.policy for one in opponents if one.source == pb.OPPONENT_SOURCE_PFSP}
    assert pfsp == {"race:1"}


async def test_a_pool_of_several_policies_over_the_wire(world: World) -> None:
    world.settings = {"latest_share": 0.0, "bots_share": 0.0, "pfsp_share": 1.0}
    for version in (1, 2):
        world.model.keep(snapshot(version, name="race-exploiter"))
    async with world.serve() as (_, client):
        alone = await asyncio.to_thread(client.sample_opponents, "race", "race", 60)
        mixed = await asyncio.to_thread(
            lambda: client.sample_opponents("race", "race", 60, pool=["race-exploiter"])
        )
    assert {one.policy for one in alone} == {"race:1"}
    assert {one.policy for one in mixed} == {"race:1", "race-exploiter:1", "race-exploiter:2"}
    assert {one.source for one in mixed} == {pb.OPPONENT_SOURCE_PFSP}


async def test_an_exploiter_over_the_wire(world: World) -> None:
    hopeless = {"race:latest": (0, 0, 400)}

    def sample(client: MatchmakerClient, outcomes: dict[str, tuple[int, int, int]]) -> set[str]:
        drawn = client.sample_opponents("spy", "race", 50, outcomes, exploits="race")
        return {one.policy for one in drawn}

    async with world.serve() as (_, client):
        assert await asyncio.to_thread(sample, client, {}) == {"race:latest"}
        assert await asyncio.to_thread(sample, client, hopeless) == {"race:latest", "race:1"}


async def test_training_records_are_kept_apart_from_ratings(world: World) -> None:
    """What training tells is listed and changes no rating; what is rated changes no record."""
    outcomes = {"race:1": (30, 0, 10), "race:latest": (1, 0, 0), "bot/random": (4, 0, 0)}
    async with world.serve() as (_, client):
        await asyncio.to_thread(client.sample_opponents, "race", "race", 1, outcomes, "r1")
        before = await asyncio.to_thread(client.training_records, "race")
        issue = await asyncio.to_thread(client.lease, "w", 4)
        for match in issue.matches:
            await asyncio.to_thread(client.complete, match.match_id, match.fence, "w")
        assert await asyncio.to_thread(client.training_records) == before
        assert await asyncio.to_thread(client.training_records, "nobody") == []
    assert [(one.student, one.opponent, one.games) for one in before] == [
        ("race", "bot/random", 4),
        ("race", "race:1", 40),
    ]
    assert before[1].win_rate == pytest.approx((30 + 1) / (40 + 2), abs=0.01)
    # All that the Matchmaker can tell Elo goes through the matches it creates at Game.
    assert all(setup.rated for setup in world.game.matches.values())
    assert len(world.game.matches) == len(issue.matches)


async def test_outcomes_last_over_a_restart_and_count_once(world: World) -> None:
    world.settings = {"latest_share": 0.0, "bots_share": 0.0, "pfsp_share": 1.0}
    world.model.keep(snapshot(2))
    outcomes = {"race:1": (0, 0, 200), "race:2": (200, 0, 0)}
    async with world.serve() as (_, client):
        for _ in range(2):
            await asyncio.to_thread(client.sample_opponents, "race", "race", 1, outcomes, "r1")
    async with world.serve() as (_, client):
        drawn = await asyncio.to_thread(
            client.sample_opponents, "race", "race", 100, outcomes, "r1"
        )
    assert sum(one.policy == "race:1" for one in drawn) > 97


async def test_a_lease_from_issue_to_completion(world: World) -> None:
    async with world.serve() as (_, client):
        issue = await asyncio.to_thread(client.lease, "w", 2)
        first, second = issue.matches
        assert first.setup == world.game.matches[first.match_id]
        assert first.setup.fence == first.fence == 1
        assert [game.rotation for game in first.created.games] == [0, 1]
        assert 100 < first.expire_time.seconds - time.time() <= 120
        assert first.temperature == pytest.approx(1.0)
        for _ in range(2):
            await asyncio.to_thread(client.complete, first.match_id, 1, "w")
        with pytest.raises(FailedPrecondition, match="fence: 2"):
            await asyncio.to_thread(client.complete, second.match_id, 2, "w")
        with pytest.raises(NotFound, match="'nothing'"):
            await asyncio.to_thread(client.complete, "nothing", 1, "w")


async def test_a_restart_knows_leases_and_completions(world: World) -> None:
    world.settings = {"lease_seconds": 0.2}
    async with world.serve() as (_, client):
        issue = await asyncio.to_thread(client.lease, "w", 3)
        await asyncio.to_thread(client.complete, issue.matches[0].match_id, 1, "w")
    expiry = max(one.expire_time.ToNanoseconds() for one in issue.matches) / 1e9
    await asyncio.sleep(max(0.0, expiry - time.time()))
    async with world.serve() as (_, client):
        again = await asyncio.to_thread(client.lease, "w", 2)
        assert {one.match_id for one in again.matches} == {
            one.match_id for one in issue.matches[1:]
        }
        assert {one.fence for one in again.matches} == {2}
        late = issue.matches[1]
        with pytest.raises(FailedPrecondition, match="issued again"):
            await asyncio.to_thread(client.complete, late.match_id, late.fence, "w")


async def test_bots_meet_without_any_worker(world: World) -> None:
    world.settings = {"anchor_seconds": 0.05, "anchor_matches": 2}
    async with world.serve(), asyncio.timeout(10):
        await world.game.changed.wait()
    participants = [tuple(one.participants) for one in world.game.matches.values()]
    assert len(participants) == 6
    assert all(name.startswith("bot/") for pair in participants for name in pair)


async def test_workers_at_once_share_no_match(world: World) -> None:
    async with world.serve() as (_, client):
        issues = await asyncio.gather(
            *(asyncio.to_thread(client.lease, f"w{number}", 5) for number in range(10))
        )
    ids = [one.match_id for issue in issues for one in issue.matches]
    assert len(ids) == len(set(ids)) == 50


async def test_without_a_match_there_is_a_hint(world: World) -> None:
    world.settings = {"max_outstanding": 1, "retry_seconds": 1.5}
    async with world.serve() as (_, client):
        assert len((await asyncio.to_thread(client.lease, "w", 5)).matches) == 1
        empty = await asyncio.to_thread(client.lease, "w", 5)
    assert not empty.matches
    assert empty.retry_after.ToNanoseconds() == 1_500_000_000


async def test_with_game_down_leasing_says_so(world: World) -> None:
    world.game.down = True
    async with world.serve() as (_, client):
        with pytest.raises(Unavailable, match="Game cannot create the matches now"):
            await asyncio.to_thread(client.lease, "w", 1)


class Search(threading.Thread):
    """A player's FindMatch in a thread of its own."""

    def __init__(self, client: MatchmakerClient, player: str, **arguments: object) -> None:
        super().__init__(daemon=True)
        self.updates: Iterator[pb.FindMatchResponse] = client.find(
            player,
            "race",
            **arguments,  # type: ignore[arg-type]
        )
        self.queued = threading.Event()
        self.seen: list[pb.FindMatchResponse] = []
        self.error: MazemeshError | None = None
        self.start()

    def run(self) -> None:
        try:
            for update in self.updates:
                self.seen.append(update)
                self.queued.set()
        except MazemeshError as error:
            self.error = error
            self.queued.set()

    async def end(self) -> None:
        await asyncio.to_thread(self.join, 20)
        assert not self.is_alive()

    async def wait_queued(self) -> None:
        assert await asyncio.to_thread(self.queued.wait, 20)


async def test_two_players_find_each_other(world: World) -> None:
    world.settings = {"public_game_address": "play.example:443"}
    async with world.serve() as (_, client):
        ann = Search(client, "player/ann", settings=GameSettings(width=6, height=6), rated=True)
        bob = Search(client, "race:7", settings=GameSettings(width=6, height=6), rated=True)
        await ann.end()
        await bob.end()
    assert ann.seen[0].queued.rating == 1000.0
    assert ann.seen[0].queued.window == 100.0
    first, second = ann.seen[-1].matched, bob.seen[-1].matched
    assert first.match_id == second.match_id
    assert {first.seat, second.seat} == {0, 1}
    assert first.seat_token != second.seat_token
    assert first.participants[first.seat] == "player/ann"
    assert first.game_address == "play.example:443"
    setup = world.game.matches[first.match_id]
    assert (setup.rated, setup.settings.width, setup.rotations) == (True, 6, 1)


async def test_a_bot_after_a_while(world: World) -> None:
    async with world.serve() as (_, client):
        ann = Search(client, "player/ann", bot_after=0.0)
        await ann.end()
    matched = ann.seen[-1].matched
    assert "player/ann" in matched.participants
    assert any(name.startswith("bot/") for name in matched.participants)


async def test_cancelling_ends_the_stream(world: World) -> None:
    async with world.serve() as (server, client):
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = MatchmakerServiceStub(channel)
            request = pb.FindMatchRequest(request_id="r", player="player/ann", game="race")
            call = stub.FindMatch(request)
            queued = await call.read()
            await asyncio.to_thread(client.cancel, queued.ticket_id)  # type: ignore[union-attr]
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.read()
        assert caught.value.code() is grpc.StatusCode.CANCELLED
        with pytest.raises(NotFound):
            await asyncio.to_thread(client.cancel, "nothing")


async def test_nobody_comes(world: World) -> None:
    async with world.serve() as (_, client):
        ann = Search(client, "player/ann", max_wait=0.3)
        await ann.end()
    assert isinstance(ann.error, DeadlineExceeded)
    assert "no opponent within 0.3 s" in str(ann.error)


async def test_a_second_ticket_is_refused_and_a_repeated_request_follows(world: World) -> None:
    async with world.serve() as (_, client):
        first = Search(client, "player/ann", request_id="r1")
        await first.wait_queued()
        refused = Search(client, "player/ann", request_id="r2")
        await refused.end()
        assert isinstance(refused.error, AlreadyExists)
        again = Search(client, "player/ann", request_id="r1")
        await again.wait_queued()
        bob = Search(client, "player/bob")
        for search in (first, again, bob):
            await search.end()
    assert first.seen[0].ticket_id == again.seen[0].ticket_id
    assert first.seen[-1].matched == again.seen[-1].matched


async def test_a_player_who_left_is_not_matched(world: World) -> None:
    world.settings = {"disconnect_grace_seconds": 0.2}
    async with world.serve() as (server, client):
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = MatchmakerServiceStub(channel)
            request = pb.FindMatchRequest(request_id="r", player="player/ann", game="race")
            call = stub.FindMatch(request)
            await call.read()
            call.cancel()
        await server._in_flight.wait_idle()
        bob = Search(client, "player/bob", max_wait=1.0)
        await bob.end()
        again = Search(client, "player/ann", request_id="r")
        await again.end()
    assert isinstance(bob.error, DeadlineExceeded)
    assert "stream was gone" in str(again.error)
    assert world.game.matches == {}


async def test_a_heartbeat_on_a_silent_stream(world: World) -> None:
    world.settings = {"heartbeat_seconds": 0.1}
    async with (
        world.serve() as (server, _),
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        request = pb.FindMatchRequest(request_id="r", player="player/ann", game="race")
        call = MatchmakerServiceStub(channel).FindMatch(request)
        for _ in range(4):
            update = await asyncio.wait_for(call.read(), 5)
            assert update.WhichOneof("update") == "queued"  # type: ignore[union-attr]
        call.cancel()


async def test_stopping_ends_waiting_streams_at_once(world: World) -> None:
    world.settings = {"drain_seconds": 30.0}
    async with asyncio.timeout(10):
        async with world.serve() as (_, client):
            ann = Search(client, "player/ann")
            await ann.wait_queued()
    await ann.end()
    assert isinstance(ann.error, Unavailable)


BAD = [
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(student="race", game="race", count=1),
        "request_id",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(request_id="r", student="Race!", game="race", count=1),
        "student: 'Race!'",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(request_id="r", student="race", game="race", count=0),
        "count: 0 is outside 1..4096",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(request_id="r", student="race", game="chess", count=1),
        "'chess' is unknown",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(
            request_id="r",
            student="race",
            game="race",
            count=1,
            outcomes=[pb.OpponentOutcomes(opponent="race:1", wins=-1)],
        ),
        r"outcomes\[0\].wins: -1",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(
            request_id="r", student="race", game="race", count=1, pool=["spy", "Spy"]
        ),
        r"pool\[1\]: 'Spy'",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(
            request_id="r", student="race", game="race", count=1, pool=["race"]
        ),
        "not the student 'race'",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(
            request_id="r", student="spy", game="race", count=1, exploits="race", pool=["x"]
        ),
        "exploits: 'race' should be another policy",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(
            request_id="r", student="race", game="race", count=1, exploits="race"
        ),
        "exploits: 'race' should be another policy",
    ),
    ("ListTrainingRecords", pb.ListTrainingRecordsRequest(student="No!"), "student: 'No!'"),
    ("LeaseMatches", pb.LeaseMatchesRequest(max_matches=1), "worker_id"),
    ("LeaseMatches", pb.LeaseMatchesRequest(worker_id="w", max_matches=257), "max_matches: 257"),
    (
        "LeaseMatches",
        pb.LeaseMatchesRequest(worker_id="w", max_matches=1, game="chess"),
        "'chess' is unknown",
    ),
    ("CompleteMatch", pb.CompleteMatchRequest(match_id="m", fence=1), "worker_id"),
    ("CancelMatch", pb.CancelMatchRequest(), "ticket_id"),
]


@pytest.mark.parametrize(("method", "request_", "message"), BAD)
async def test_bad_input_is_named(
    world: World, method: str, request_: object, message: str
) -> None:
    async with world.serve() as (_, client):
        call = getattr(client._stub, method)
        with pytest.raises(InvalidArgument, match=message):
            await asyncio.to_thread(client._call, call, request_)


@pytest.mark.parametrize(
    ("player", "arguments", "message"),
    [
        ("bot/random", {}, "player: 'bot/random'"),
        ("nobody", {}, "player: 'nobody'"),
        ("player/ann", {"max_wait": 4000.0}, "max_wait: 4000 s"),
        ("player/ann", {"bot_after": -1.0}, "bot_after: -1 s"),
        ("player/ann", {"settings": GameSettings(seats=2), "game": "solo"}, "seats"),
    ],
)
async def test_a_bad_search_is_named(
    world: World, player: str, arguments: dict[str, object], message: str
) -> None:
    async with world.serve() as (_, client):
        find = {"game": "race", **arguments}
        with pytest.raises(InvalidArgument, match=message):
            await asyncio.to_thread(lambda: list(client.find(player, **find)))  # type: ignore[arg-type]


async def test_metrics_tell_what_happened(world: World) -> None:
    async with world.serve() as (server, client):
        await asyncio.to_thread(client.sample_opponents, "race", "race", 10)
        issue = await asyncio.to_thread(client.lease, "w", 3)
        await asyncio.to_thread(client.complete, issue.matches[0].match_id, 1, "w")
        page = f"http://127.0.0.1:{server.metrics_port}/metrics"
        text = await asyncio.to_thread(lambda: urllib.request.urlopen(page).read().decode())
    assert 'mazemesh_matchmaker_leases_total{event="issued"} 3.0' in text
    assert 'mazemesh_matchmaker_leases_total{event="completed"} 1.0' in text
    assert 'mazemesh_matchmaker_samples_total{source="latest"}' in text
    assert "mazemesh_matchmaker_ticket_wait_seconds_bucket" in text
