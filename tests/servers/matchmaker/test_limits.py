"""The largest legal messages of the Matchmaker keep nobody else waiting."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc.aio
import numpy as np
import pytest

from mazemesh.client.matchmaker import find_request
from mazemesh.errors import Cancelled, FailedPrecondition, InvalidArgument, Reason
from mazemesh.games import GameSettings
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from services._harness.notices import LocalNotices
from services.matchmaker.lobby.desk import Desk
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.matching import Matching
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import Window, Wish
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.stores.tickets.memory import LocalLeaders, MemoryTickets
from tests.servers.event_loop_lag import event_loop_lag
from tests.servers.matchmaker_world import World, world_with_one_snapshot
from tests.unit.matchmaker.fakes import FakeClock, FakeElo, FakeGame, Rating, snapshot
from tests.unit.matchmaker.memory_stores import MemoryNumbers


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A call of the blocking client beside the server's loop."""
    return await asyncio.to_thread(function, *arguments, **named)


async def test_the_largest_calls_let_others_have_their_turn(tmp_path: Path) -> None:
    world = World(tmp_path, settings={"max_outstanding": 256})
    for version in range(1, 601):
        world.model.keep(snapshot(version))
    outcomes = {f"race:{number + 1}": (9, 9, 9) for number in range(4096)}
    async with world.serve() as (_, client):
        with event_loop_lag() as lag:
            found = await call(client.sample_opponents, "race", "race", 4096, outcomes)
            records = await call(client.training_records)
            leased = await call(client.lease, "w" * 128, 256, "race")
            for match in leased.matches[:8]:
                await call(client.complete, match.match_id, match.fence, "w" * 128, "f" * 9000)
    assert (len(found), len(records)) == (4096, 4096)
    assert len(leased.matches) == 256
    lag.check()


@pytest.mark.parametrize("size", [2, 8])
async def test_thousands_who_cannot_be_matched_are_looked_at_in_a_moment(size: int) -> None:
    elo, clock = FakeElo(), FakeClock()
    desk = Desk(MemoryTickets(10_000), LocalNotices(), 10.0, clock)
    ratings, seekers, game = Ratings(elo, 2.0, clock), Seekers(elo, 2.0, clock), FakeGame()
    lobby = Lobby(desk, seekers, instance="here", window=Window(), heartbeat=20.0)
    matching = Matching(
        desk,
        LocalLeaders(),
        Numbers(MemoryNumbers()),
        ratings,
        game,
        game,
        seekers,
        instance="here",
        is_shared=False,
        window=Window(),
        rng=np.random.default_rng(0),
    )
    elo.known["race"] = {
        f"race:{number}": Rating(1000.0 * number, 0.0, 0.0, 1) for number in range(1, 4001)
    }
    followed = []
    for number in range(1, 4001):
        wish = Wish(f"race:{number}", "race", "race", GameSettings(), size, False, 3600.0)
        ticket = await lobby.enter(f"request-{number}", wish)
        followed.append(lobby.follow(ticket.ticket_id))
        await anext(followed[-1])
    with event_loop_lag() as lag:
        assert not await matching.match()
        clock.pass_seconds(60.0)
        assert not await matching.match()
    lag.check()
    for stream in followed:
        await stream.aclose()


async def test_ten_thousand_players_of_one_front_end_come_and_meet(tmp_path: Path) -> None:
    world = world_with_one_snapshot(tmp_path)
    players = [find_request(f"player/{number}", "race") for number in range(10_000)]
    parts = [players[first : first + 1024] for first in range(0, len(players), 1024)]
    matches: set[str] = set()
    async with world.serve() as (_, client):

        def front_end() -> None:
            for response in client.find_many(pb.FindMatchesRequest(find=part) for part in parts):
                matches.update(
                    news.matched.match_id for news in response.news if news.HasField("matched")
                )
                assert not any(news.HasField("refused") for news in response.news)

        with event_loop_lag() as lag:
            await call(front_end)
    assert len(matches) == 5000
    lag.check()


async def test_a_cancelled_ticket_says_so(tmp_path: Path) -> None:
    async with world_with_one_snapshot(tmp_path).serve() as (_, client):
        stream = client.find("player/ann", "race")
        queued = await call(next, stream)
        await call(client.cancel, queued.ticket_id)
        with pytest.raises(Cancelled, match="was cancelled") as caught:
            await call(next, stream)
    assert caught.value.reason == Reason.TICKET_CANCELLED


async def test_who_holds_no_lease_is_told_so(tmp_path: Path) -> None:
    async with world_with_one_snapshot(tmp_path).serve() as (_, client):
        (leased,) = (await call(client.lease, "holder", 1)).matches
        with pytest.raises(FailedPrecondition, match="'stranger'") as caught:
            await call(client.complete, leased.match_id, leased.fence, "stranger")
        assert caught.value.reason == Reason.LEASE_NOT_HELD
        await call(client.complete, leased.match_id, leased.fence, "holder")


async def test_who_exploits_a_pool_names_one_and_nobody_else(tmp_path: Path) -> None:
    async with world_with_one_snapshot(tmp_path).serve() as (_, client):
        ask = partial(client.sample_opponents, "all", "race", 4, exploits_pool=True)
        found = await call(ask, pool=["race"])
        assert {one.policy for one in found} == {"race:1"}
        for wrong in ({}, {"exploits": "race"}, {"pool": ["race"], "adversaries": ["other"]}):
            with pytest.raises(InvalidArgument, match="exploits_pool"):
                await call(ask, **wrong)


async def test_where_all_win_together_nobody_is_met_or_exploited(tmp_path: Path) -> None:
    async with world_with_one_snapshot(tmp_path).serve() as (_, client):
        found = await call(client.sample_opponents, "keys", "coop-keys", 4, sides=1)
        assert {one.policy for one in found} == {"keys:latest"}
        with pytest.raises(InvalidArgument, match="exploits") as caught:
            await call(client.sample_opponents, "spy", "coop-keys", 4, exploits="keys", sides=1)
    assert caught.value.reason == Reason.NO_ADVERSARY


async def test_as_many_as_may_wait_may_come_at_once(tmp_path: Path) -> None:
    """gRPC by itself cancels some calls where more than a thousand wait to be begun."""
    async with (
        world_with_one_snapshot(tmp_path).serve() as (server, _),
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stub = MatchmakerServiceStub(channel)
        calls = [
            stub.FindMatch(find_request(f"player/{number}", "race", max_wait=600.0))
            for number in range(1500)
        ]
        async with asyncio.timeout(60):
            first = await asyncio.gather(*(one.read() for one in calls))
        assert all(isinstance(one, pb.FindMatchResponse) for one in first)
        for one in calls:
            one.cancel()
