"""Running games of two instances of Game that share a Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from mazemesh.client.game.game import GameClient
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import GameServiceStub
from tests.redis_process import RedisProcess, redis_process
from tests.servers.game_server import RunningGame, race, running_game
from tests.servers.running import eventually

pytestmark = pytest.mark.redis

ONE = {"rotations": 1}


@pytest.fixture
def redis() -> Iterator[RedisProcess]:
    with redis_process() as server:
        yield server


@pytest.fixture
def instances(redis: RedisProcess, tmp_path: Path) -> Iterator[tuple[RunningGame, RunningGame]]:
    with (
        running_game(tmp_path / "a", redis_url=redis.url, public_address="a.example:1") as first,
        running_game(tmp_path / "b", redis_url=redis.url, public_address="b.example:2") as second,
    ):
        yield first, second


def listed(client: GameClient) -> list[str]:
    return [game.game_id for game in client.list_active()]


def pages(address: str, size: int) -> Iterator[list[str]]:
    token = ""
    with grpc.insecure_channel(address) as channel:
        while True:
            request = pb.ListActiveGamesRequest(page_size=size, page_token=token)
            page = GameServiceStub(channel).ListActiveGames(request)
            yield [game.game_id for game in page.games]
            token = page.next_page_token
            if not token:
                return


def test_each_lists_the_games_of_all(
    instances: tuple[RunningGame, RunningGame], redis: RedisProcess
) -> None:
    first, second = instances
    for number, game in enumerate((first, second, first, second, first)):
        game.client.create([race(f"m{number}", **ONE)])
    newest_first = [f"m{number}-r0" for number in reversed(range(5))]
    for game in instances:
        eventually(lambda game=game: listed(game.client) == newest_first)
        assert list(pages(game.address, 2)) == [
            newest_first[:2],
            newest_first[2:4],
            newest_first[4:],
        ]
        assert [one.game_address for one in game.client.list_active()] == [
            "a.example:1" if number % 2 == 0 else "b.example:2" for number in reversed(range(5))
        ]
        assert list(game.client.list_active(pb.ACTIVE_GAME_KIND_TRAINING)) == []
    with grpc.insecure_channel(first.address) as channel, pytest.raises(grpc.RpcError) as refused:
        GameServiceStub(channel).ListActiveGames(pb.ListActiveGamesRequest(page_token="7"))
    assert "page_token" in str(refused.value)
    own = ["m4-r0", "m2-r0", "m0-r0"]
    redis.kill()
    eventually(lambda: listed(first.client) == own)
    redis.start()
    eventually(lambda: listed(first.client) == newest_first)


def test_games_of_an_instance_that_ended_are_listed_no_more(
    redis: RedisProcess, tmp_path: Path
) -> None:
    with running_game(tmp_path / "a", redis_url=redis.url) as first:
        with running_game(tmp_path / "b", redis_url=redis.url) as second:
            second.client.create([race("m", **ONE)])
            eventually(lambda: listed(first.client) == ["m-r0"])
        eventually(lambda: listed(first.client) == [])
