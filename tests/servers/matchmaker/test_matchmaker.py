"""The Matchmaker over a real socket, with peers written by hand."""

import asyncio
import time
import urllib.request
from collections import Counter
from pathlib import Path

import grpc
import grpc.aio
import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound, Unavailable
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from services.matchmaker.wire.matches import setup_message
from tests.servers.matchmaker_world import World, world_with_one_snapshot
from tests.unit.matchmaker.fakes import snapshot


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_with_one_snapshot(tmp_path)


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


async def test_adversaries_over_the_wire(world: World) -> None:
    """In a run of several policies nobody meets its own versions."""
    for version in (1, 2):
        world.model.keep(snapshot(version, name="hunters"))
    met = {"hunters:latest": (1, 0, 3)}
    async with world.serve() as (_, client):
        drawn = await asyncio.to_thread(
            lambda: client.sample_opponents(
                "race", "race", 100, met, adversaries=["hunters", "wolves"]
            )
        )
        records = await asyncio.to_thread(client.training_records, "race")
        refused = [
            {"adversaries": ["race"]},
            {"adversaries": ["a", "a"]},
            {"adversaries": ["a"], "pool": ["a"]},
            {"adversaries": ["a"], "exploits": "b"},
            {"adversaries": [f"p{number}" for number in range(17)]},
        ]
        for given in refused:
            with pytest.raises(InvalidArgument, match="adversaries"):
                await asyncio.to_thread(
                    lambda one=given: client.sample_opponents("race", "race", 1, **one)
                )
    latest = Counter(one.policy for one in drawn if one.source == pb.OPPONENT_SOURCE_LATEST)
    assert latest == {
        "hunters:latest": pytest.approx(25, abs=1),
        "wolves:latest": pytest.approx(25, abs=1),
    }
    pfsp = {one.policy for one in drawn if one.source == pb.OPPONENT_SOURCE_PFSP}
    assert pfsp == {"hunters:1", "hunters:2"}
    # Unlike its own latest version, theirs tells something.
    assert {one.opponent: one.games for one in records} == {"hunters:latest": 4}


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
        async with grpc.aio.insecure_channel(client.address) as channel:
            stub = MatchmakerServiceStub(channel)
            first = await stub.ListTrainingRecords(pb.ListTrainingRecordsRequest(page_size=1))
            token = first.next_page_token
            second = await stub.ListTrainingRecords(
                pb.ListTrainingRecordsRequest(page_size=1, page_token=token)
            )
            assert [*first.records, *second.records] == before
            assert second.next_page_token == ""
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
        assert first.setup == setup_message(world.game.matches[first.match_id])
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
    async with world.serve() as (_, client):
        assert len((await asyncio.to_thread(client.lease, "w", 1)).matches) == 1
        world.game.down = True
        with pytest.raises(Unavailable, match="Game cannot create the matches now"):
            await asyncio.to_thread(client.lease, "w", 1)


async def test_with_game_never_up_leasing_and_sampling_say_so(world: World) -> None:
    world.game.down = True
    async with world.serve() as (_, client):
        for ask in (
            lambda: client.lease("w", 1),
            lambda: client.lease("w", 1, "race"),
            lambda: client.sample_opponents("race", "race", 1),
        ):
            with pytest.raises(Unavailable, match="the Game service is to tell what 'race' is"):
                await asyncio.to_thread(ask)
        world.game.down = False
        assert await asyncio.to_thread(client.sample_opponents, "race", "race", 1)


BAD = [
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(student="race", game="race", count=1),
        "request_id",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(request_id="r", student="Race!", game="race", count=1),
        "student = 'Race!'",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(request_id="r", student="race", game="race", count=0),
        "count: 0 is outside 1..4096",
    ),
    (
        "SampleOpponents",
        pb.SampleOpponentsRequest(request_id="r", student="race", game="chess", count=1),
        "'chess' is not allowed here",
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
        r"pool\[1\] = 'Spy'",
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
    ("ListTrainingRecords", pb.ListTrainingRecordsRequest(student="No!"), "student = 'No!'"),
    ("LeaseMatches", pb.LeaseMatchesRequest(max_matches=1), "worker_id"),
    ("LeaseMatches", pb.LeaseMatchesRequest(worker_id="w", max_matches=257), "max_matches: 257"),
    (
        "LeaseMatches",
        pb.LeaseMatchesRequest(worker_id="w", max_matches=1, game="chess"),
        "'chess' is not allowed here",
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
