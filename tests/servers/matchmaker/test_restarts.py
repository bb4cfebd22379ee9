"""The Matchmaker is killed in the middle; what waited waits on, and what was found stays found."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import MazemeshError, NotFound, Unavailable
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness import serve
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from tests.servers.matchmaker.storms import Storm
from tests.servers.matchmaker.test_tickets import Search
from tests.servers.processes import ServiceProcess, service_process

pytestmark = pytest.mark.slow


class Mesh:
    """A Game service, and the Matchmaker as often as it is started."""

    def __init__(self, game_address: str, folder: Path) -> None:
        self.arguments = (
            *("--port", "0", "--data-dir", str(folder), "--anchor-matches", "0"),
            *("--game-address", game_address, "--disconnect-grace-seconds", "60"),
            *("--elo-address", "127.0.0.1:9", "--model-address", "127.0.0.1:9"),
        )

    def started(self) -> AbstractAsyncContextManager[ServiceProcess]:
        return service_process("services.matchmaker", *self.arguments)


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    settings = GameServiceSettings(port=0, data_dir=tmp_path, elo_address="127.0.0.1:9")
    async with serve(settings, bind_game) as game:
        yield Mesh(game.address, tmp_path)


async def kill(matchmaker: ServiceProcess) -> None:
    matchmaker.send(signal.SIGKILL)
    await matchmaker.process.wait()


async def test_who_waited_waits_on_and_who_was_matched_is_told_again(mesh: Mesh) -> None:
    async with mesh.started() as matchmaker:
        client = MatchmakerClient(matchmaker.address)
        bob, cid = (Search(client, f"player/{name}", request_id=name) for name in ("bob", "cid"))
        await bob.end()
        await cid.end()
        ann = Search(client, "player/ann", request_id="ann")
        await ann.wait_queued()
        eve = Search(client, "player/eve", request_id="eve", game="solo")
        await eve.wait_queued()
        await asyncio.to_thread(client.cancel, eve.seen[0].ticket_id)
        await kill(matchmaker)
        await ann.end()
        assert isinstance(ann.error, Unavailable)
        client.close()
    async with mesh.started() as matchmaker:
        client = MatchmakerClient(matchmaker.address)
        again = Search(client, "player/ann", request_id="ann")
        await again.wait_queued()
        assert again.seen[0].ticket_id == ann.seen[0].ticket_id
        assert again.seen[0].queued.since_time == ann.seen[0].queued.since_time
        told = Search(client, "player/bob", request_id="bob")
        await told.end()
        assert told.seen[-1].matched == bob.seen[-1].matched
        with pytest.raises(MazemeshError, match="cancelled"):
            await asyncio.to_thread(
                lambda: list(client.find("player/eve", "solo", request_id="eve"))
            )
        dan = Search(client, "player/dan")
        await dan.end()
        await again.end()
        assert again.seen[-1].matched.match_id == dan.seen[-1].matched.match_id
        with pytest.raises(NotFound):
            await asyncio.to_thread(client.cancel, "nothing")
        client.close()


async def test_a_storm_that_is_killed_in_the_middle(mesh: Mesh) -> None:
    storm = Storm("p", 200)
    async with mesh.started() as matchmaker:

        def kill_at_the_first_match(news: pb.TicketNews) -> None:
            if news.HasField("matched") and matchmaker.process.returncode is None:
                matchmaker.send(signal.SIGKILL)

        # Half of them ask while the others are being matched.
        await asyncio.gather(
            storm.ask(matchmaker.address, storm.requests[:101], kill_at_the_first_match),
            storm.ask(matchmaker.address, storm.requests[101:], kill_at_the_first_match),
        )
        await matchmaker.process.wait()
    async with mesh.started() as matchmaker:
        # Those that were told ask again, too, and are told the same.
        await storm.ask(matchmaker.address, storm.requests)
    storm.check()
