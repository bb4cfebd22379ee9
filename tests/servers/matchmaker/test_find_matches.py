"""FindMatches over a real socket: a front end that holds many players."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from mazemesh.client.matchmaker import MatchmakerClient, find_request
from mazemesh.errors import AlreadyExists, InvalidArgument, Reason
from mazemesh.games import GameSettings
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from tests.servers.matchmaker.test_tickets import Search
from tests.servers.matchmaker_world import World, world_with_one_snapshot


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_with_one_snapshot(tmp_path)


class FrontEnd:
    """A stream whose requests are sent when a test says so."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.call = MatchmakerServiceStub(channel).FindMatches()
        self.news: list[pb.TicketNews] = []

    async def ask(self, *requests: pb.FindMatchRequest, cancel: tuple[str, ...] = ()) -> None:
        await self.call.write(pb.FindMatchesRequest(find=requests, cancel=cancel))

    async def until(self, count: int, kind: str) -> list[pb.TicketNews]:
        """News of a kind, once there are so many."""
        async with asyncio.timeout(60):
            while len(found := self.of(kind)) < count:
                message = await self.call.read()
                assert message is not grpc.aio.EOF
                self.news += message.news
        return found

    def of(self, kind: str) -> list[pb.TicketNews]:
        return [one for one in self.news if one.WhichOneof("update") == kind]


@pytest.fixture
async def front_end(world: World) -> AsyncIterator[tuple[FrontEnd, MatchmakerClient]]:
    async with (
        world.serve() as (server, client),
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        yield FrontEnd(channel), client


async def test_many_players_of_one_front_end_meet(
    world: World, front_end: tuple[FrontEnd, MatchmakerClient]
) -> None:
    stream, _ = front_end
    requests = [find_request(f"player/{number}", "race") for number in range(300)]
    await stream.ask(*requests[:200])
    await stream.ask(*requests[200:])
    matched = await stream.until(300, "matched")
    assert len({one.matched.match_id for one in matched}) == 150 == len(world.game.matches)
    assert len({one.matched.seat_token for one in matched}) == 300
    assert world.game.calls < 100  # not one by one
    for request in requests:
        order = [
            one.WhichOneof("update") for one in stream.news if one.request_id == request.request_id
        ]
        assert order == ["queued", "matched"]
    await stream.call.done_writing()
    assert await stream.call.read() is grpc.aio.EOF


async def test_each_is_refused_by_itself(front_end: tuple[FrontEnd, MatchmakerClient]) -> None:
    stream, _ = front_end
    await stream.ask(
        find_request("player/ann", "race", request_id="r1"),
        find_request("player/ann", "race", request_id="r2"),
        find_request("bot/random", "race", request_id="r3"),
        find_request("player/bob", "race", request_id="r4", max_wait=5000.0),
        find_request("player/cid", "race", request_id="r5", party=["player/dan"]),
    )
    refused = {one.request_id: one.refused for one in await stream.until(4, "refused")}
    codes = dict.fromkeys(("r3", "r4", "r5"), grpc.StatusCode.INVALID_ARGUMENT.value[0])
    codes["r2"] = grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert {name: one.code for name, one in refused.items()} == codes
    assert refused["r2"].reason == Reason.TICKET_WAITS
    assert "each plays for itself" in refused["r5"].message
    assert [one.request_id for one in stream.of("queued")] == ["r1"]


async def test_tickets_end_as_those_of_find_match(
    front_end: tuple[FrontEnd, MatchmakerClient],
) -> None:
    stream, client = front_end
    await stream.ask(find_request("player/ann", "race", request_id="r1"))
    (queued,) = await stream.until(1, "queued")
    with pytest.raises(AlreadyExists) as caught:
        await asyncio.to_thread(lambda: next(client.find("player/ann", "race")))
    assert caught.value.reason == Reason.TICKET_WAITS
    await stream.ask(cancel=(queued.ticket_id, queued.ticket_id))
    (refused,) = await stream.until(1, "refused")
    assert refused.refused.code == grpc.StatusCode.CANCELLED.value[0]
    assert refused.refused.reason == Reason.TICKET_CANCELLED
    await stream.ask(find_request("player/ann", "race", request_id="r2", max_wait=0.05))
    expired = (await stream.until(2, "refused"))[-1]
    assert expired.request_id == "r2"
    assert expired.refused.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


async def test_a_stream_that_breaks_is_followed_by_another_of_either_kind(
    world: World, front_end: tuple[FrontEnd, MatchmakerClient]
) -> None:
    stream, client = front_end
    await stream.ask(
        find_request("player/ann", "race", request_id="r1", settings=GameSettings(width=6)),
        find_request("player/bob", "race", request_id="r2", settings=GameSettings(width=7)),
    )
    before = {one.request_id: one.ticket_id for one in await stream.until(2, "queued")}
    stream.call.cancel()
    ann = Search(client, "player/ann", request_id="r1", settings=GameSettings(width=6))
    await ann.wait_queued()
    assert ann.seen[0].ticket_id == before["r1"]
    found = client.find_many(
        [
            pb.FindMatchesRequest(
                find=[
                    find_request(
                        "player/bob", "race", request_id="r2", settings=GameSettings(width=7)
                    ),
                    find_request(
                        "player/cid", "race", request_id="r3", settings=GameSettings(width=7)
                    ),
                ]
            )
        ]
    )
    answers = await asyncio.to_thread(lambda: [one for message in found for one in message.news])
    matched = {one.request_id: one for one in answers if one.HasField("matched")}
    assert matched["r2"].ticket_id == before["r2"]
    assert matched["r2"].matched.match_id == matched["r3"].matched.match_id
    # What ended is told again to who asks again.
    again = client.find_many(
        [
            pb.FindMatchesRequest(
                find=[
                    find_request(
                        "player/bob", "race", request_id="r2", settings=GameSettings(width=7)
                    )
                ]
            )
        ]
    )
    (told,) = await asyncio.to_thread(lambda: [one for message in again for one in message.news])
    assert told == matched["r2"]
    await asyncio.to_thread(client.cancel, before["r1"])
    await ann.end()


async def test_too_much_in_a_message_is_refused(
    front_end: tuple[FrontEnd, MatchmakerClient],
) -> None:
    _, client = front_end
    many = [pb.FindMatchRequest()] * 1025
    with pytest.raises(InvalidArgument, match="find: a message has at most 1024"):
        await asyncio.to_thread(lambda: list(client.find_many([pb.FindMatchesRequest(find=many)])))
    with pytest.raises(InvalidArgument, match="cancel"):
        await asyncio.to_thread(
            lambda: list(client.find_many([pb.FindMatchesRequest(cancel=["no ticket"])]))
        )


async def test_silence_is_broken_by_heartbeats(world: World) -> None:
    world.settings = {"heartbeat_seconds": 0.1}
    async with (
        world.serve() as (server, _),
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        stream = FrontEnd(channel)
        await stream.ask(find_request("player/ann", "race"))
        await stream.until(1, "queued")
        async with asyncio.timeout(60):
            assert not (await stream.call.read()).news
        stream.call.cancel()
