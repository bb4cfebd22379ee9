"""Rating matches by rule, and workers in quarantine, over a real socket."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound, Reason
from mazemesh.v1 import matchmaker_pb2 as pb
from services.matchmaker.rating.players import Rating
from services.matchmaker.workers.events import Reported
from tests.servers.matchmaker_world import World
from tests.unit.matchmaker.fakes import snapshot


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.settings = {"anchor_matches": 0, "automatic_gates": False}
    for version in range(1, 7):
        world.model.keep(snapshot(version))
    world.model.put("race", "champion", 3)
    # Five are settled, the champion among them but for its own bound; the sixth has no result.
    world.elo.known["race"] = {
        f"race:{version}": Rating(1000.0, 970.0, 1030.0, 60) for version in range(1, 6)
    }
    return world


async def call(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


async def play(world: World, client: MatchmakerClient, worker: str, count: int) -> list[str]:
    issue = await call(lambda: client.lease(worker, count))
    for match in issue.matches:
        players = tuple(match.setup.participants)
        world.elo.told[match.match_id] = Reported(players, 0.5, 100, {})
        await call(lambda match=match: client.complete(match.match_id, match.fence, worker))  # type: ignore[misc]
    return [match.match_id for match in issue.matches]


async def test_the_mix_keeps_its_shares_and_says_what_it_tells(world: World) -> None:
    world.settings |= {"max_outstanding": 1000, "max_policy_matches": 1000}
    async with world.serve() as (server, client):
        for _ in range(4):
            await play(world, client, "w", 25)
        rules = await call(client.rating_rules)
        counts = {pb.RatingRule.Name(one.rule)[12:]: one.matches for one in rules}
        assert sum(counts.values()) == 100
        assert counts["UNIFORM"] == pytest.approx(7, abs=1)
        assert 3 <= counts["CHAMPION"] <= 11  # until it has its hundred
        assert counts["PLACEMENT"] >= 4  # eight are enough under way for the one newcomer
        three = [counts[rule] for rule in ("UPPER_BOUND", "DEVIATION", "FEWEST")]
        assert max(three) - min(three) <= 2
        for one in rules:
            assert (one.ladder, one.games_per_match) == ("race", 2)
            assert one.completed == one.matches
            assert one.completed_bits == pytest.approx(one.bits)
        placed = next(one for one in rules if one.rule == pb.RATING_RULE_PLACEMENT)
        settled = next(one for one in rules if one.rule == pb.RATING_RULE_UNIFORM)
        assert placed.bits / placed.matches > 3 * settled.bits / settled.matches
        page = await call(
            lambda: (
                urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics")
                .read()
                .decode()
            )
        )
    assert f'rating_matches_total{{rule="uniform"}} {float(counts["UNIFORM"])}' in page
    assert 'mazemesh_matchmaker_rating_information_bits_total{rule="placement"}' in page


async def test_no_policy_and_no_worker_has_more_than_its_share(world: World) -> None:
    world.settings |= {"max_policy_matches": 3, "max_worker_matches": 5}
    async with world.serve() as (_, client):
        first = await call(lambda: client.lease("greedy", 256))
        assert len(first.matches) == 5
        assert not (await call(lambda: client.lease("greedy", 1))).matches
        others = [await call(lambda n=n: client.lease(f"w{n}", 256)) for n in range(8)]  # type: ignore[misc]
        held = [one for issue in (first, *others) for one in issue.matches]
        for version in range(1, 7):
            of_it = [one for one in held if f"race:{version}" in one.setup.participants]
            assert len(of_it) <= 3
        done = first.matches[0]
        await call(lambda: client.complete(done.match_id, done.fence, "greedy"))
        assert len((await call(lambda: client.lease("greedy", 9))).matches) <= 1


async def test_a_worker_in_quarantine(world: World) -> None:
    async with world.serve() as (_, client):
        played = await play(world, client, "bad", 3)
        await play(world, client, "good", 2)
        held = (await call(lambda: client.lease("bad", 2))).matches
        event = await call(lambda: client.quarantine_worker("bad", "odd results", "ann"))
        assert (event.retracted, event.kept, event.starter) == (3, 0, "ann")
        assert event.rule == pb.SUSPICION_RULE_MANUAL
        assert world.elo.retracted == set(played)
        with pytest.raises(FailedPrecondition, match="odd results") as refused:
            await call(lambda: client.lease("bad", 1))
        assert refused.value.reason == Reason.WORKER_QUARANTINED
        late = held[0]
        with pytest.raises(FailedPrecondition) as refused:
            await call(lambda: client.complete(late.match_id, late.fence, "bad"))
        assert refused.value.reason == Reason.FENCE_PASSED
        again = await call(lambda: client.lease("good", 2))
        assert {one.match_id for one in again.matches} == {one.match_id for one in held}
    async with world.serve() as (_, client):
        with pytest.raises(FailedPrecondition, match="quarantine"):
            await call(lambda: client.lease("bad", 1))
        (listed,) = await call(lambda: list(client.workers(quarantined=True)))
        assert (listed.worker_id, listed.completed, listed.held) == ("bad", 3, 0)
        await call(lambda: client.release_worker("bad", "the clock was wrong"))
        assert not await call(lambda: list(client.workers(quarantined=True)))
        events = await call(lambda: [one.reason for one in client.worker_events("bad")])
        assert events == ["the clock was wrong", "odd results"]
        everybody = await call(lambda: [one.worker_id for one in client.workers()])
        assert everybody == ["bad", "good"]
        assert await call(lambda: client.lease("bad", 1))


async def test_what_is_refused(world: World) -> None:
    async with world.serve() as (_, client):
        with pytest.raises(NotFound, match="never leased"):
            await call(lambda: client.quarantine_worker("nobody", "why"))
        with pytest.raises(FailedPrecondition, match="not in quarantine"):
            await call(lambda: client.release_worker("nobody", "why"))
        for worker, reason in (("w", ""), ("w", "x" * 1025), ("", "why"), ("two words", "why")):
            with pytest.raises(InvalidArgument):
                await call(lambda w=worker, r=reason: client.quarantine_worker(w, r))  # type: ignore[misc]
        with pytest.raises(InvalidArgument, match="starter"):
            await call(lambda: client.quarantine_worker("w", "why", "x" * 129))


async def test_the_commands(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mazemesh.cli.app import app

    async with world.serve() as (server, client):
        await play(world, client, "bad", 3)
        monkeypatch.setenv("MAZEMESH_MATCHMAKER_ADDRESS", server.address)

        async def run(*arguments: str) -> str:
            await call(lambda: app([*arguments], standalone_mode=False))
            return capsys.readouterr().out

        rules = json.loads(await run("pairing", "race", "--json"))
        assert sum(one["share"] for one in rules) == pytest.approx(1.0)
        assert all(one["bits_per_game"] >= 0.0 for one in rules)
        assert "bits a game" in await run("pairing")
        told = await run("workers", "quarantine", "bad", "--reason", "odd")
        assert "bad is in quarantine; 3 results are retracted" in told
        (listed,) = json.loads(await run("workers", "list", "--quarantined", "--json"))
        assert listed["last_event"]["reason"] == "odd"
        assert "bad is released" in await run("workers", "release", "bad", "--reason", "fine")
        events = json.loads(await run("workers", "events", "--json"))
        assert [one["quarantined"] for one in events] == [False, True]
        assert "bad" in await run("workers")
