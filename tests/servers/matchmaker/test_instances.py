"""Two Matchmaker processes on one PostgreSQL and one Redis."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import Cancelled, FailedPrecondition, MazemeshError, Reason
from mazemesh.games import GameSettings, get_game
from mazemesh.tournaments.asking import request
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_to_proto
from services._harness import serve
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from tests.onnx_policies import Network
from tests.postgresql import PostgresqlServer, postgresql
from tests.redis_process import RedisProcess, redis_process
from tests.servers.matchmaker.storms import Storm
from tests.servers.matchmaker.test_tickets import Search
from tests.servers.model_server import running_model
from tests.servers.processes import ServiceProcess, service_process

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.asyncio(loop_scope="module")]

TURN = "whose turn it is to match players changed"


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def model_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Model service with one snapshot."""
    with running_model(tmp_path_factory.mktemp("model")) as model:
        size = get_game("race").spec().observation_size
        network = Network(observation_size=size, seed=1)
        collection = Collection(game="race", settings=settings_to_proto(GameSettings()))
        model.client.publish(network.header(snapshot=True, collection=collection), network.file())
        yield model.address


class Instances:
    """Two Matchmakers with their clients: the one that matches tickets, and the other."""

    def __init__(self, redis: RedisProcess, leader: ServiceProcess, other: ServiceProcess) -> None:
        self.redis = redis
        self.leader, self.other = leader, other
        self.at_leader = MatchmakerClient(leader.address)
        self.at_other = MatchmakerClient(other.address)

    def took_over(self) -> None:
        """The other matches tickets from now on."""
        self.leader, self.other = self.other, self.leader
        self.at_leader, self.at_other = self.at_other, self.at_leader


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instances(
    database: PostgresqlServer, model_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Instances]:
    tmp_path = tmp_path_factory.mktemp("instances")
    async with AsyncExitStack() as life:
        redis = life.enter_context(redis_process())
        elo = await life.enter_async_context(
            serve(EloSettings(port=0, data_dir=tmp_path), bind_elo)
        )
        game_settings = GameServiceSettings(port=0, data_dir=tmp_path, elo_address=elo.address)
        game = await life.enter_async_context(serve(game_settings, bind_game))
        environment = {
            "MAZEMESH_DATABASE_URL": database.new_schema(),
            "MAZEMESH_REDIS_URL": redis.url,
        }
        addresses = {"game": game.address, "elo": elo.address, "model": model_address}
        arguments = [f"--{name}-address={address}" for name, address in addresses.items()]

        async def start() -> ServiceProcess:
            return await life.enter_async_context(
                service_process(
                    "services.matchmaker",
                    *("--port", "0", "--data-dir", str(tmp_path), "--lease-seconds", "2"),
                    *("--anchor-matches", "0", *arguments),
                    environment=environment,
                )
            )

        leader = await start()
        if not any(line["event"] == TURN for line in leader.lines):
            await leader.log_line(TURN)
        made = Instances(redis, leader, await start())
        yield made
        for client in (made.at_leader, made.at_other):
            client.close()


async def met(*searches: Search) -> None:
    """The players were told of one match, in which they have a seat each."""
    for search in searches:
        await search.end()
        assert search.error is None
    found = [search.seen[-1].matched for search in searches]
    assert len({one.match_id for one in found}) == 1
    assert len({one.seat_token for one in found}) == len(searches)


async def test_players_of_different_instances_meet(instances: Instances) -> None:
    ann = Search(instances.at_leader, "player/ann")
    bob = Search(instances.at_other, "player/bob")
    await met(ann, bob)


async def test_a_player_may_come_back_at_another_instance(instances: Instances) -> None:
    request = str(uuid.uuid4())
    first = Search(instances.at_leader, "player/ann", request_id=request)
    await first.wait_queued()
    again = Search(instances.at_other, "player/ann", request_id=request)
    await again.wait_queued()
    assert again.seen[0].ticket_id == first.seen[0].ticket_id
    bob = Search(instances.at_other, "player/bob")
    await met(again, bob)


async def test_players_wait_on_when_redis_is_flushed_or_killed(instances: Instances) -> None:
    ann = Search(instances.at_leader, "player/ann")
    await ann.wait_queued()
    await asyncio.to_thread(instances.redis.flush)
    await met(ann, Search(instances.at_other, "player/bob"))
    cid = Search(instances.at_other, "player/cid")
    await cid.wait_queued()
    await asyncio.to_thread(instances.redis.kill)
    with pytest.raises(MazemeshError, match="Redis"):
        await asyncio.to_thread(next, instances.at_leader.find("player/dan", "race"))
    await asyncio.to_thread(instances.redis.start)
    await met(cid, Search(instances.at_leader, "player/dan"))


async def test_leases_are_unique_and_end_anywhere(instances: Instances) -> None:
    clients = (instances.at_leader, instances.at_other)

    async def all_have_the_snapshot() -> None:
        for client in clients:
            while not (await asyncio.to_thread(client.lease, "first", 1)).matches:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async with asyncio.timeout(30):
        await all_have_the_snapshot()
    issues = await asyncio.gather(
        *(
            asyncio.to_thread(client.lease, f"w{number}", 3)
            for number in range(8)
            for client in clients
        )
    )
    leased = [match for issue in issues for match in issue.matches]
    assert len(leased) >= 24
    fences = {(match.match_id, match.fence) for match in leased}
    assert len(fences) == len(leased)
    assert len({match.setup.seed for match in leased}) == len({one.match_id for one in leased})
    match, worker = next(
        (issue.matches[0], f"w{number // 2}")
        for number, issue in enumerate(issues)
        if issue.matches
    )
    for client in clients:
        await asyncio.to_thread(client.complete, match.match_id, match.fence, worker)
        with pytest.raises(FailedPrecondition) as caught:
            await asyncio.to_thread(client.complete, match.match_id, match.fence - 1, worker)
        assert caught.value.reason == Reason.FENCE_PASSED


async def test_a_gate_is_one_at_both_and_each_match_of_it_is_issued_once(
    instances: Instances,
) -> None:
    clients = (instances.at_leader, instances.at_other)
    question = pb.StartGateRequest(request_id="r", candidate="race:1", baseline="bot/random")
    runs = await asyncio.gather(
        *(asyncio.to_thread(client.start_gate, question) for client in clients * 2)
    )
    assert len({run.gate.gate_id for run in runs}) == 1
    gate_id = runs[0].gate.gate_id
    watched = asyncio.create_task(
        asyncio.to_thread(lambda: list(instances.at_other.watch_gate_run(gate_id)))
    )
    issues = await asyncio.gather(
        *(
            asyncio.to_thread(client.lease, f"w{number}", 3)
            for number in range(8)
            for client in clients
        )
    )
    fences = [
        (match.match_id, match.fence)
        for issue in issues
        for match in issue.matches
        if match.match_id.startswith(gate_id)
    ]
    assert len(fences) == len(set(fences))
    (run,) = await asyncio.to_thread(lambda: list(instances.at_other.gate_runs(gate_id=gate_id)))
    assert {match_id for match_id, _ in fences} == {f"{gate_id}/{n}" for n in range(run.issued)}
    assert 0 < run.issued <= 16
    await asyncio.to_thread(instances.at_leader.cancel_gate, gate_id, "enough")
    assert (await watched)[-1].explanation == "cancelled: enough"


async def test_a_tournament_is_one_at_both_and_each_match_of_it_is_issued_once(
    instances: Instances,
) -> None:
    clients = (instances.at_leader, instances.at_other)
    question = request("round-robin", ["race:1", "bot/random", "bot/wall-follower"], rounds=4)
    question.request_id = "r"
    made = await asyncio.gather(
        *(asyncio.to_thread(client.create_tournament, question) for client in clients * 2)
    )
    (tournament_id,) = {one.summary.tournament_id for one in made}
    watched = asyncio.create_task(
        asyncio.to_thread(lambda: list(instances.at_other.watch_tournament(tournament_id)))
    )
    issues = await asyncio.gather(
        *(
            asyncio.to_thread(client.lease, f"w{number}", 3)
            for number in range(8)
            for client in clients
        )
    )
    leased = [
        match
        for issue in issues
        for match in issue.matches
        if match.match_id.startswith(tournament_id)
    ]
    assert 0 < len({match.match_id for match in leased}) <= 8
    # Whose lease ran out is issued again, under a higher fence.
    assert len({(match.match_id, match.fence) for match in leased}) == len(leased)
    await asyncio.to_thread(instances.at_leader.cancel_tournament, tournament_id, "enough")
    assert (await watched)[-1].summary.explanation == "cancelled: enough"
    (listed,) = await asyncio.to_thread(lambda: list(instances.at_other.tournaments()))
    assert listed.tournament_id == tournament_id


async def test_outcomes_count_once_and_are_known_everywhere(instances: Instances) -> None:
    told = {"race:1": (3, 0, 1)}
    clients = (instances.at_leader, instances.at_other)
    for client in clients:
        await asyncio.to_thread(client.sample_opponents, "race", "race", 1, told, "r1")
    await asyncio.to_thread(
        clients[0].sample_opponents, "race", "race", 1, {"bot/random": (5, 0, 0)}, "r2"
    )
    expected = {"race:1": 4, "bot/random": 5}
    async with asyncio.timeout(30):
        for client in clients:
            while True:
                records = await asyncio.to_thread(client.training_records, "race")
                if {one.opponent: one.games for one in records} == expected:
                    break
                await asyncio.sleep(0.1)


async def test_who_waits_at_an_instance_that_was_stopped_is_not_matched(
    instances: Instances,
) -> None:
    """Nobody is given an opponent who cannot hear of it."""
    deaf = Search(instances.at_leader, "player/deaf")
    await deaf.wait_queued()
    instances.leader.send(signal.SIGSTOP)
    await asyncio.sleep(4.5)  # its beat is three seconds old by then
    ann = Search(instances.at_other, "player/ann")
    bob = Search(instances.at_other, "player/bob")
    await met(ann, bob)
    await asyncio.to_thread(instances.at_other.cancel, deaf.seen[0].ticket_id)
    instances.leader.send(signal.SIGCONT)
    instances.took_over()
    await deaf.end()
    assert isinstance(deaf.error, Cancelled)


async def test_when_the_instance_that_matches_is_killed_the_other_does(
    instances: Instances,
) -> None:
    lost = Search(instances.at_leader, "player/lost")
    ann = Search(instances.at_other, "player/ann")
    # On another ladder.
    far = Search(instances.at_other, "player/far", settings=GameSettings(width=6, height=6))
    for search in (lost, ann, far):
        await search.wait_queued()
    await met(lost, ann)
    storm = Storm("s", 60)

    def kill_at_the_first_match(news: pb.TicketNews) -> None:
        if news.HasField("matched") and instances.leader.process.returncode is None:
            instances.leader.send(signal.SIGKILL)

    async def ask_again_elsewhere() -> None:
        """At once, since the last one at the other instance may be waiting for one of these."""
        await storm.ask(instances.leader.address, storm.requests[:31], kill_at_the_first_match)
        await storm.ask(instances.other.address, storm.requests)

    await asyncio.gather(
        ask_again_elsewhere(), storm.ask(instances.other.address, storm.requests[31:])
    )
    storm.check()
    cid = Search(instances.at_other, "player/cid", settings=GameSettings(width=6, height=6))
    await met(far, cid)
