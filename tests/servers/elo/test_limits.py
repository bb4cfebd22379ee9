"""The largest legal messages of the Elo service keep nobody else waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from mazemesh.client.elo import EloClient
from mazemesh.errors import InvalidArgument, ResourceExhausted
from mazemesh.v1 import elo_pb2, elo_pb2_grpc
from services._harness import Server, serve
from services.elo.bind import bind
from tests.servers.elo_results import settings_in
from tests.servers.event_loop_lag import event_loop_lag

LATER = datetime(2030, 1, 1, tzinfo=UTC)
RECORDED = elo_pb2.RECORD_STATUS_RECORDED


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    settings = settings_in(tmp_path, watch_seconds=0.01, heartbeat_seconds=0.2, max_watchers=20)
    async with serve(settings, bind) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[EloClient]:
    client = EloClient(server.address)
    yield client
    client.close()


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A call of the blocking client beside the server's loop."""
    return await asyncio.to_thread(function, *arguments, **named)


def result(number: int, players: int, games: int, *, of: int = 400) -> elo_pb2.MatchResult:
    """Players of a field of `of`, best first in the first game, and so round."""
    one = elo_pb2.MatchResult(
        match_id=f"{number:06}{'m' * 122}",
        ladder="race",
        participants=[f"race:{(number * 7 + place) % of + 1}" for place in range(players)],
        games=[
            elo_pb2.GameOutcome(
                game_id=f"{'g' * 150}{rotation}",
                rotation=rotation,
                scores=[((place + rotation) % players) / (players - 1) for place in range(players)],
                steps=[10],
                termination=elo_pb2.TERMINATION_FINISHED,
            )
            for rotation in range(games)
        ],
    )
    one.finish_time.FromSeconds(1_700_000_000)
    return one


LARGEST = {
    "most scores": [result(number, 8, 8) for number in range(1000)],
    "most pairs": [result(number, 64, 64) for number in range(16)],
}


@pytest.mark.parametrize("which", LARGEST)
async def test_the_largest_calls_let_others_have_their_turn(client: EloClient, which: str) -> None:
    results = LARGEST[which]
    with event_loop_lag() as lag:
        assert await call(client.record, results) == [RECORDED] * len(results)
        assert await call(client.record, results[:1]) == [elo_pb2.RECORD_STATUS_DUPLICATE]
        for player in results[-1].participants:
            await call(client.rating, "race", player)  # fits a ladder that is not small
        board = await call(client.leaderboard, "race", page_size=1000)
        best = [player.player for player in board.players[:64]]
        await call(client.head_to_head, "race", best)
        points = await call(lambda: list(client.history("race", best[0])))
        following = await call(lambda: next(client.watch_leaderboard("race", 1000)))
    assert following.total_players == board.total_players > 60
    assert len(points) >= 1
    lag.check()


def elsewhere(results: list[elo_pb2.MatchResult]) -> list[elo_pb2.MatchResult]:
    """The same, as what was played elsewhere."""
    found = [elo_pb2.MatchResult.FromString(one.SerializeToString()) for one in results]
    for one in found:
        one.match_id = f"import/{one.match_id[:100]}"
        one.participants[:] = [f"foreign/{name}" for name in one.participants]
    return found


async def test_the_largest_imports_lists_and_matrices_let_others_have_their_turn(
    client: EloClient,
) -> None:
    results = elsewhere(LARGEST["most scores"])
    with event_loop_lag() as lag:
        for validate_only in (True, False):
            statuses = await call(client.import_results, results, validate_only=validate_only)
            assert statuses == [RECORDED] * len(results)
        again = await call(client.import_results, results, validate_only=True)
        assert again == [elo_pb2.RECORD_STATUS_DUPLICATE] * len(results)
        assert len(await call(lambda: list(client.result_log("race")))) == len(results)
        while (board := await call(client.leaderboard, "race", page_size=1)).total_players < 400:
            assert board.matches == len(results)
            await asyncio.sleep(0.05)  # it is fitted in the background
        matrix = await call(client.head_to_head_matrix, "race", top=256)
    assert len(matrix.players) == 256
    lag.check()


async def test_refolding_the_largest_matches_lets_others_have_their_turn(client: EloClient) -> None:
    results = LARGEST["most pairs"][:3]
    await call(client.record, results)
    with event_loop_lag() as lag:
        board = await call(client.leaderboard, "race", page_size=1000, end=LATER)
        names = results[0].participants
        curves = await call(client.rating_curves, "race", names, points=4)
    assert board.matches == len(results)
    assert len(curves) == len(names)
    lag.check()


async def test_more_than_a_call_takes_is_refused_and_the_client_sends_it_in_several(
    server: Server, client: EloClient
) -> None:
    trials = [result(number, 64, 1) for number in range(17)]
    with grpc.insecure_channel(server.address) as channel:
        stub = elo_pb2_grpc.EloServiceStub(channel)
        request = elo_pb2.RecordResultsRequest(results=trials)
        with pytest.raises(grpc.RpcError) as caught:
            await call(stub.RecordResults, request)
    assert "34272 pairs" in str(caught.value)
    assert await call(client.record, trials) == [RECORDED] * 17
    large = elo_pb2.MatchResult(match_id="m" * 5 * 1024 * 1024)
    with pytest.raises(ResourceExhausted):
        await call(client.record, [large])


async def test_watches_are_bounded(client: EloClient) -> None:
    streams = [client.watch_leaderboard("race") for _ in range(21)]
    for stream in streams[:20]:
        await call(next, stream)
    with pytest.raises(ResourceExhausted, match="20 watches"):
        await call(next, streams[20])
    await call(streams[0].close)
    again = client.watch_leaderboard("race")

    async def open_again() -> None:
        while True:  # the server hears of the end a moment later
            try:
                await call(next, client.watch_leaderboard("race"))
            except ResourceExhausted:
                continue
            return

    await asyncio.wait_for(open_again(), 20)
    for stream in (*streams[1:20], again):
        await call(stream.close)


async def test_a_history_comes_in_pages_of_a_thousand(client: EloClient) -> None:
    await call(client.record, [result(number, 2, 1, of=2) for number in range(1100)])
    points = await call(lambda: list(client.history("race", "race:1")))
    assert len(points) == 1100
    with pytest.raises(InvalidArgument, match="page_token"):
        await call(
            client._call,
            client._stub.GetRatingHistory,
            elo_pb2.GetRatingHistoryRequest(ladder="race", player="race:1", page_token="x"),
        )
