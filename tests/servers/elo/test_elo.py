"""The Elo service over real sockets, and as a process that is killed."""

import asyncio
import signal
import threading
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from mazemesh.client.elo import EloClient
from mazemesh.errors import InvalidArgument, NotFound, Unavailable
from mazemesh.v1 import elo_pb2
from services._harness import Server, serve
from services.elo.bind import bind
from tests.servers.elo_results import MATCHES, RESULTS, on_the_wire, settings_in
from tests.servers.processes import service_process
from tests.unit.elo.played import BOTS, TRUTH, match

RECORDED, DUPLICATE, CONFLICT = 1, 2, 3


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    settings = settings_in(tmp_path, watch_seconds=0.01, heartbeat_seconds=0.2)
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


def names(response: elo_pb2.GetLeaderboardResponse) -> list[str]:
    return [player.player for player in response.players]


async def test_results_become_a_leaderboard(client: EloClient) -> None:
    assert await call(client.record, RESULTS) == [RECORDED] * 120
    board = await call(client.leaderboard, "race")
    assert (board.matches, board.fitted_matches, board.total_players) == (120, 120, 5)
    assert set(names(board)) == set(TRUTH)
    ratings = [player.rating for player in board.players]
    assert ratings == sorted(ratings, reverse=True)
    bots = [player.rating for player in board.players if player.player in BOTS]
    assert np.mean(bots) == pytest.approx(1000.0)
    assert board.players[0].rank == 1
    for player in board.players:
        assert player.low < player.rating < player.high
        assert player.games == player.wins + player.draws + player.losses == 2 * player.matches
        assert player.last_match_time.ToNanoseconds() == MATCHES[0].finish_nanoseconds
        player.ClearField("superiority_of_above")  # of lists alone
        assert await call(client.rating, "race", player.player) == player


async def test_the_same_results_again_change_nothing(client: EloClient) -> None:
    await call(client.record, RESULTS)
    before = await call(client.leaderboard, "race")
    changed = elo_pb2.MatchResult.FromString(RESULTS[7].SerializeToString())
    changed.games[0].scores[:] = [0.25, 0.75]
    statuses = await call(client.record, [RESULTS[0], changed, RESULTS[1]])
    assert statuses == [DUPLICATE, CONFLICT, DUPLICATE]
    assert await call(client.leaderboard, "race") == before


async def test_a_malformed_result_refuses_the_whole_call(client: EloClient) -> None:
    spoiled = elo_pb2.MatchResult.FromString(RESULTS[1].SerializeToString())
    spoiled.games[1].scores[0] = float("nan")
    with pytest.raises(InvalidArgument, match=r"results\[1\]\.games\[1\]\.scores\[0\] = nan"):
        await call(client.record, [RESULTS[0], spoiled])
    assert (await call(client.leaderboard, "race")).matches == 0
    assert await call(client.record, RESULTS[:2]) == [RECORDED] * 2


async def test_the_client_splits_what_is_too_much_for_one_call(client: EloClient) -> None:
    many = [on_the_wire(match(f"x{n}", ("race:1", BOTS[0]), 0.5)) for n in range(2100)]
    assert await call(client.record, many) == [RECORDED] * 2100
    history = await call(lambda: list(client.history("race", "race:1")))
    assert [point.match_id for point in history] == [f"x{n}" for n in range(2100)]


async def test_a_restart_gives_the_same_bits(tmp_path: Path) -> None:
    boards = []
    for _ in range(2):
        async with serve(settings_in(tmp_path), bind) as server:
            client = EloClient(server.address)
            statuses = await call(client.record, RESULTS)
            boards.append(await call(client.leaderboard, "race"))
            client.close()
    assert statuses == [DUPLICATE] * 120
    assert boards[0].SerializeToString() == boards[1].SerializeToString()


async def test_paging_prefix_and_around(client: EloClient) -> None:
    await call(client.record, RESULTS)
    whole = names(await call(client.leaderboard, "race"))
    first = await call(client.leaderboard, "race", page_size=2)
    second = await call(client.leaderboard, "race", page_size=9, page_token=first.next_page_token)
    assert names(first) + names(second) == whole
    assert second.next_page_token == ""
    versions = await call(client.leaderboard, "race", prefix="race:")
    assert names(versions) == [name for name in whole if name.startswith("race:")]
    assert versions.total_players == 3
    around = await call(client.leaderboard, "race", page_size=3, around=whole[2])
    assert names(around) == whole[1:4]


async def test_who_has_no_result_is_not_found(client: EloClient) -> None:
    await call(client.record, RESULTS)
    for asked in (
        lambda: client.rating("race", "race:99"),
        lambda: client.rating("none", "race:1"),
        lambda: client.leaderboard("race", around="race:99"),
        lambda: list(client.history("race", "race:99")),
    ):
        with pytest.raises(NotFound, match="has no result on ladder"):
            await call(asked)
    assert names(await call(client.leaderboard, "none")) == []
    assert await call(client.head_to_head, "none") == []


async def test_wrong_requests_are_explained(client: EloClient) -> None:
    await call(client.record, RESULTS)
    for message, asked in (
        ("player = 'nobody'", lambda: client.rating("race", "nobody")),
        ("ladder = ''", lambda: client.leaderboard("")),
        ("ladder = ''", lambda: client.rating("", "race:1")),
        ("ladder = ''", lambda: client.head_to_head("")),
        ("ladder = ''", lambda: next(client.watch_leaderboard(""))),
        ("page_size: -1", lambda: client.leaderboard("race", page_size=-1)),
        ("page_token", lambda: client.leaderboard("race", page_token="x")),
        ("exclude each", lambda: client.leaderboard("race", page_token="x", around="race:1")),
        ("begin with prefix", lambda: client.leaderboard("race", prefix="bot/", around="race:1")),
        ("players has 1", lambda: client.head_to_head("race", ["race:1"])),
        ("results has 0", lambda: client._call(client._stub.RecordResults,
                                               elo_pb2.RecordResultsRequest())),
    ):  # fmt: skip
        with pytest.raises(InvalidArgument, match=message):
            await call(asked)


async def test_history_is_paged_and_ends_at_the_online_rating(client: EloClient) -> None:
    await call(client.record, RESULTS)
    points = await call(lambda: list(client.history("race", "race:2")))
    mine = [one for one in MATCHES if "race:2" in one.participants]
    assert [point.match_id for point in points] == [one.match_id for one in mine]
    for point, one in zip(points, mine, strict=True):
        place = one.participants.index("race:2")
        assert point.opponents == [one.participants[1 - place]]
        assert point.score == np.mean([game.scores[place] for game in one.games])
    assert points[-1].online_rating == (await call(client.rating, "race", "race:2")).online_rating

    token, pages = "", []
    while True:
        request = elo_pb2.GetRatingHistoryRequest(
            ladder="race", player="race:2", page_size=7, page_token=token
        )
        page = await call(client._call, client._stub.GetRatingHistory, request)
        pages.append(list(page.points))
        token = page.next_page_token
        if not token:
            break
    assert [point for page in pages for point in page] == points
    assert {len(page) for page in pages[:-1]} == {7}


async def test_head_to_head_adds_up(client: EloClient) -> None:
    await call(client.record, RESULTS)
    pairs = await call(client.head_to_head, "race", ["race:2", BOTS[0], "race:77", "race:1"])
    assert [(pair.player, pair.opponent) for pair in pairs] == [
        ("race:2", BOTS[0]),
        ("race:2", "race:1"),
        (BOTS[0], "race:1"),
    ]
    for pair in pairs:
        theirs = [one for one in MATCHES if {pair.player, pair.opponent} == set(one.participants)]
        scores = [
            game.scores[one.participants.index(pair.player)] for one in theirs for game in one.games
        ]
        assert pair.matches == len(theirs)
        assert (pair.games, pair.score) == (len(scores), sum(scores))
        assert (pair.wins, pair.draws, pair.losses) == tuple(map(scores.count, (1.0, 0.5, 0.0)))
        assert 0 < pair.expected_score < pair.games
    everyone = await call(client.head_to_head, "race")
    assert sum(pair.matches for pair in everyone) == 120
    # The fit reproduces what happened on the whole, the pull of the prior aside.
    assert sum(pair.expected_score for pair in everyone) == pytest.approx(
        sum(pair.score for pair in everyone), rel=0.1
    )


async def test_a_watch_sends_now_on_change_and_as_a_heartbeat(client: EloClient) -> None:
    watch = client.watch_leaderboard("race", page_size=2)
    assert (await call(next, watch)).matches == 0
    await call(client.record, RESULTS)
    while (board := await call(next, watch)).fitted_matches < 120:
        assert board.matches in (0, 120)
    assert len(board.players) == 2
    heartbeat = await call(next, watch)
    assert heartbeat == board
    await call(watch.close)


async def test_a_watch_ends_when_the_service_stops(tmp_path: Path) -> None:
    async with serve(settings_in(tmp_path), bind) as server:
        client = EloClient(server.address)
        watch = client.watch_leaderboard("race")
        await call(next, watch)
        ended = asyncio.create_task(call(list, watch))
    with pytest.raises(Unavailable, match="stopping"):
        await ended
    client.close()


async def test_writers_at_the_same_time_count_every_match_once(
    client: EloClient, server: Server
) -> None:
    """Six connections deliver overlapping results in different order and pieces."""
    statuses: list[list[int]] = []
    lock = threading.Lock()

    def write(seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(RESULTS))
        own = EloClient(server.address)
        for start in range(0, len(order), 9):
            found = own.record([RESULTS[index] for index in order[start : start + 9]])
            with lock:
                statuses.append(found)
        own.close()

    await asyncio.gather(*(asyncio.to_thread(write, seed) for seed in range(6)))
    flat = [status for found in statuses for status in found]
    assert flat.count(RECORDED) == 120
    assert flat.count(DUPLICATE) == 5 * 120
    board = await call(client.leaderboard, "race")
    assert board.matches == board.fitted_matches == 120
    assert sum(player.matches for player in board.players) == 2 * 120


async def test_metrics_tell_results_sizes_fits_and_watchers(
    client: EloClient, server: Server
) -> None:
    await call(client.record, RESULTS)
    await call(client.record, RESULTS[:5])
    await call(client.leaderboard, "race")
    watch = client.watch_leaderboard("race")
    await call(next, watch)
    url = f"http://127.0.0.1:{server.metrics_port}/metrics"
    with await call(urllib.request.urlopen, url) as answer:
        page = answer.read().decode()
    await call(watch.close)
    lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    assert lines['mazemesh_elo_results_total{status="recorded"}'] == "120.0"
    assert lines['mazemesh_elo_results_total{status="duplicate"}'] == "5.0"
    assert lines['mazemesh_elo_results_total{status="conflict"}'] == "0.0"
    assert lines['mazemesh_elo_players{ladder="race"}'] == "5.0"
    assert lines['mazemesh_elo_matches{ladder="race"}'] == "120.0"
    assert lines['mazemesh_elo_fitted_matches{ladder="race"}'] == "120.0"
    assert lines["mazemesh_elo_watchers"] == "1.0"
    assert float(lines["mazemesh_elo_refit_seconds_count"]) >= 1


def batches(size: int) -> list[Sequence[elo_pb2.MatchResult]]:
    return [RESULTS[start : start + size] for start in range(0, len(RESULTS), size)]


async def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    # No fit in the background before the kill: what counts is the log alone.
    arguments = ("--port", "0", "--data-dir", str(tmp_path), "--refit-seconds", "3600")
    acknowledged: list[elo_pb2.MatchResult] = []
    for batch in batches(40):
        async with service_process("services.elo", *arguments) as service:
            client = EloClient(service.address)
            assert await call(client.record, batch) == [RECORDED] * len(batch)
            service.send(signal.SIGKILL)
            assert await service.ended() == -signal.SIGKILL
            client.close()
        acknowledged += batch
    async with service_process("services.elo", *arguments) as service:
        client = EloClient(service.address)
        board = await call(client.leaderboard, "race")
        assert board.matches == board.fitted_matches == len(acknowledged)
        assert await call(client.record, acknowledged) == [DUPLICATE] * len(acknowledged)
        client.close()
        service.send(signal.SIGTERM)
        assert await service.ended() == 0
    async with serve(settings_in(tmp_path / "fresh"), bind) as server:
        client = EloClient(server.address)
        await call(client.record, acknowledged)
        # The same log gives the same ratings, killed in between or not.
        fresh = await call(client.leaderboard, "race")
        client.close()
    assert names(fresh) == names(board)
    for one, other in zip(fresh.players, board.players, strict=True):
        assert one.rating == pytest.approx(other.rating, abs=1e-6)
        assert one.online_rating == other.online_rating


async def test_a_process_killed_while_results_pour_in_keeps_whole_calls(tmp_path: Path) -> None:
    arguments = ("--port", "0", "--data-dir", str(tmp_path))
    sent: list[list[elo_pb2.MatchResult]] = []
    flowing = threading.Event()

    def pour(client: EloClient) -> None:
        """Writes without end, until a call fails."""
        while True:
            number = 3 * len(sent)
            names = [f"p{number + offset}" for offset in range(3)]
            sent.append([on_the_wire(match(name, ("race:1", BOTS[0]), 1.0)) for name in names])
            # Straight through the stub: the client would go on trying.
            client._stub.RecordResults(elo_pb2.RecordResultsRequest(results=sent[-1]), timeout=5)
            if len(sent) > 10:
                flowing.set()

    async with service_process("services.elo", *arguments) as service:
        client = EloClient(service.address)
        pouring = asyncio.create_task(call(pour, client))
        assert await call(flowing.wait, 20)
        service.send(signal.SIGKILL)
        await service.ended()
        with pytest.raises(grpc.RpcError):
            await pouring
        client.close()
    async with service_process("services.elo", *arguments) as service:
        client = EloClient(service.address)
        statuses = [await call(client.record, batch) for batch in sent]
        client.close()
    # All that was acknowledged is there; the call that failed was written wholly or not at all.
    assert statuses[:-1] == [[DUPLICATE] * 3] * (len(sent) - 1)
    assert statuses[-1] in ([DUPLICATE] * 3, [RECORDED] * 3)


async def test_results_are_told_by_their_ids(client: EloClient) -> None:
    sent = [on_the_wire(match(f"m{n}", ("race:1", BOTS[0]), 0.5)) for n in range(300)]
    await call(client.record, sent)
    asked = [f"m{n}" for n in range(299, -1, -1)]
    assert await call(client.results, ["none", *asked]) == sent[::-1]
    assert await call(client.results, []) == []
    for wrong, field in ((["a b"], r"match_ids\[0\]"), ([], "match_ids has 0 entries")):
        request = elo_pb2.GetResultsRequest(match_ids=wrong)
        with pytest.raises(grpc.RpcError, match=field):
            await call(client._stub.GetResults, request)
