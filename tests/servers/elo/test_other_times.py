"""Ladders of other times, filters, curves and matrices of the Elo service, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.client.elo import MODELS, EloClient
from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.v1 import elo_pb2
from services._harness import Server, serve
from services.elo.bind import bind
from services.elo.log.match import Match
from services.elo.models.bradley_terry import fit
from services.elo.standings.standings import Standings, standings
from tests.servers.elo_results import on_the_wire, settings_in
from tests.unit.elo.played import BOTS, TRUTH, folded, match, simulated

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)


def at(time: datetime, matches: list[Match]) -> list[Match]:
    """The matches, each ended a second after the one before."""
    first = int(time.timestamp()) * 10**9
    return [
        one._replace(finish_nanoseconds=first + number * 10**9)
        for number, one in enumerate(matches)
    ]


ALL = simulated(np.random.default_rng(3), {**TRUTH, "player/zoe": 1200.0}, 200, correlation=0.4)
EARLY, LATE = at(MONDAY, ALL[:120]), at(MONDAY + 3 * DAY, ALL[120:])
OTHER = at(MONDAY, [match(f"o{n}", ("race:1", BOTS[0]), 1.0, ladder="race-9x9") for n in range(9)])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    settings = settings_in(tmp_path, watch_seconds=0.01, heartbeat_seconds=0.2)
    async with serve(settings, bind) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[EloClient]:
    client = EloClient(server.address)
    mixed = [*LATE[:40], *EARLY, *OTHER, *LATE[40:]]  # they do not arrive in the order of time
    await asyncio.to_thread(client.record, list(map(on_the_wire, mixed)))
    yield client
    client.close()


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A call of the blocking client beside the server's loop."""
    return await asyncio.to_thread(function, *arguments, **named)


def alone(matches: list[Match]) -> Standings:
    """The standings of a ladder that never had other matches."""
    ladder = folded(matches)
    problem = ladder.problem()
    return standings(fit(problem), problem, ladder.players.names, len(matches), len(matches))


def told(board: elo_pb2.GetLeaderboardResponse) -> list[tuple[str, float, float, float, int]]:
    return [(one.player, one.rating, one.low, one.high, one.rank) for one in board.players]


def expected(matches: list[Match]) -> list[tuple[str, float, float, float, int]]:
    of = alone(matches)
    columns = (of.ratings, of.low, of.high, of.ranks)
    return [(of.names[one], *(column[one] for column in columns)) for one in of.order]


async def test_the_leaderboard_on_tuesday(client: EloClient) -> None:
    board = await call(client.leaderboard, "race", end=MONDAY + DAY)
    assert told(board) == expected(EARLY)
    assert (board.matches, board.fitted_matches) == (120, 120)
    again = await call(client.leaderboard, "race", end=MONDAY + DAY, page_size=2)
    rest = await call(
        client.leaderboard, "race", end=MONDAY + DAY, page_token=again.next_page_token
    )
    assert told(again) + told(rest) == told(board)
    since = await call(client.leaderboard, "race", start=MONDAY + DAY)
    assert told(since) == expected([*LATE[:40], *LATE[40:]])
    around = await call(client.leaderboard, "race", page_size=1, end=MONDAY + DAY, around="race:2")
    assert [one.player for one in around.players] == ["race:2"]


async def test_what_comes_late_changes_the_time_that_it_is_of(client: EloClient) -> None:
    before = await call(client.leaderboard, "race", end=MONDAY + DAY)
    later = at(MONDAY + 5 * DAY, [match("later", ("race:1", "race:2"), 1.0)])
    await call(client.record, list(map(on_the_wire, later)))
    assert await call(client.leaderboard, "race", end=MONDAY + DAY) == before
    belated = at(MONDAY, [match(f"b{n}", ("race:1", "race:3"), 1.0, 1.0) for n in range(20)])
    await call(client.record, list(map(on_the_wire, belated)))

    async def seen() -> None:  # a fit is not made anew at once after another
        while True:
            board = await call(client.leaderboard, "race", end=MONDAY + DAY)
            if board.fitted_matches == 140:
                assert told(board) == expected([*EARLY, *belated])
                return

    await asyncio.wait_for(seen(), 60)


async def test_before_everything_there_is_nothing(client: EloClient) -> None:
    assert not (await call(client.leaderboard, "race", end=MONDAY)).players
    assert not (await call(client.leaderboard, "none", end=MONDAY)).players
    with pytest.raises(NotFound, match="in this time"):
        await call(client.leaderboard, "race", end=MONDAY, around="race:1")
    with pytest.raises(InvalidArgument, match=r"end_time = .* must be after start_time"):
        await call(client.leaderboard, "race", start=MONDAY, end=MONDAY)


async def test_lists_are_filtered_by_run_kind_and_time(client: EloClient) -> None:
    async def names(**asked: Any) -> set[str]:
        board = await call(client.leaderboard, "race", **asked)
        assert board.total_players == len(board.players)
        return {one.player for one in board.players}

    assert await names(run="race") == {"race:1", "race:2", "race:3"}
    assert await names(run="rac") == set()
    assert await names(kinds=["bot"]) == {BOTS[0], BOTS[2]}
    assert await names(kinds=["person", "bot"]) == {BOTS[0], BOTS[2], "player/zoe"}
    assert await names(kinds=["foreign"]) == set()
    await call(client.record, [on_the_wire(one) for one in at(
        MONDAY + 9 * DAY, [match("last", ("race:3", "player/zoe"), 1.0)])])  # fmt: skip
    assert await names(active_since=MONDAY + 9 * DAY) == {"race:3", "player/zoe"}
    assert await names(active_since=MONDAY + 9 * DAY, run="race") == {"race:3"}
    kinds = {one.player: one.kind for one in (await call(client.leaderboard, "race")).players}
    assert kinds["player/zoe"] == elo_pb2.PLAYER_KIND_PERSON
    assert kinds[BOTS[0]] == elo_pb2.PLAYER_KIND_BOT
    assert kinds["race:1"] == elo_pb2.PLAYER_KIND_POLICY


async def test_a_token_belongs_to_its_filter(client: EloClient) -> None:
    page = await call(client.leaderboard, "race", page_size=1, run="race")
    with pytest.raises(InvalidArgument, match="another filter"):
        await call(client.leaderboard, "race", page_token=page.next_page_token)
    with pytest.raises(InvalidArgument, match="whom the filter leaves in"):
        await call(client.leaderboard, "race", around=BOTS[0], run="race")
    for wrong, message in (
        (elo_pb2.PlayerFilter(run="a b"), "filter.run = 'a b'"),
        (elo_pb2.PlayerFilter(kinds=[1, 1]), r"filter.kinds\[1\] = 1"),
        (elo_pb2.PlayerFilter(kinds=[9]), r"filter.kinds\[0\] = 9"),
    ):
        request = elo_pb2.GetLeaderboardRequest(ladder="race", filter=wrong)
        with pytest.raises(InvalidArgument, match=message):
            await call(client._call, client._stub.GetLeaderboard, request)
    with pytest.raises(InvalidArgument, match="'robot' is no kind"):
        await call(client.leaderboard, "race", kinds=["robot"])


async def test_pages_hold_together_while_results_come(client: EloClient) -> None:
    whole = [one.player for one in (await call(client.leaderboard, "race")).players]
    token, seen = "", []
    for number in range(len(whole)):
        page = await call(client.leaderboard, "race", page_size=1, page_token=token)
        seen += [one.player for one in page.players]
        token = page.next_page_token
        # The last becomes the first, with a fit in between.
        upset = [match(f"u{number}-{n}", (whole[-1], whole[0]), 1.0, 1.0) for n in range(30)]
        await call(client.record, list(map(on_the_wire, upset)))
        assert (await call(client.leaderboard, "race", page_size=50)).fitted_matches
    assert seen == whole
    assert token == ""


async def test_a_watch_follows_one_and_a_run(client: EloClient) -> None:
    watch = client.watch_leaderboard("race", 1, around="race:2", kinds=["policy"])
    board = await call(next, watch)
    assert [one.player for one in board.players] == ["race:2"]
    assert board.total_players == 3
    await call(client.record, [on_the_wire(match("new", ("race:2", "race:4"), 1.0))])
    while (board := await call(next, watch)).total_players < 4:
        pass
    assert [one.player for one in board.players] == ["race:2"]
    await call(watch.close)
    nobody = client.watch_leaderboard("race", 2, around="race:99", run="race")
    assert len((await call(next, nobody)).players) == 2  # the first page, until there is one
    await call(nobody.close)


@pytest.mark.parametrize("model", ["elo", "glicko2", "plackett-luce"])
async def test_a_watch_follows_a_model(client: EloClient, model: str) -> None:
    watch = client.watch_leaderboard("race", 2, model=model)
    board = await call(next, watch)
    assert (
        board.players == (await call(client.leaderboard, "race", page_size=2, model=model)).players
    )
    best, second = (one.player for one in board.players)
    upsets = [match(f"w{number}", (second, best), 1.0) for number in range(30)]
    await call(client.record, list(map(on_the_wire, upsets)))
    while (board := await call(next, watch)).players[0].player != second:
        pass
    assert board.model == MODELS[model]
    await call(watch.close)


async def test_rows_tell_how_likely_the_one_above_is_better(client: EloClient) -> None:
    board = await call(client.leaderboard, "race")
    assert not board.players[0].HasField("superiority_of_above")
    names = [one.player for one in board.players]
    matrix = await call(client.head_to_head_matrix, "race", names)
    for above, row in zip(board.players, board.players[1:], strict=False):
        assert row.superiority_of_above == pytest.approx(
            matrix.superiority(above.player, row.player)
        )
        assert row.superiority_of_above >= 0.5
    # The second page knows whom its first row stands under; a filtered list has others above.
    first = await call(client.leaderboard, "race", page_size=2)
    second = await call(client.leaderboard, "race", page_token=first.next_page_token)
    assert [*first.players, *second.players] == list(board.players)
    versions = (await call(client.leaderboard, "race", run="race")).players
    assert versions[1].superiority_of_above == pytest.approx(
        matrix.superiority(versions[0].player, versions[1].player)
    )


async def test_a_matrix_says_what_pairs_do(client: EloClient) -> None:
    matrix = await call(client.head_to_head_matrix, "race")
    assert set(matrix.players) == {*TRUTH, "player/zoe"}
    pairs = await call(client.head_to_head, "race", matrix.players)
    for pair in pairs:
        row, column = map(matrix.players.index, (pair.player, pair.opponent))
        assert (pair.matches, pair.games, pair.wins, pair.draws) == (
            *(matrix.matches[row, column], matrix.games[row, column]),
            *(matrix.wins[row, column], matrix.draws[row, column]),
        )
        assert pair.losses == matrix.wins[column, row]
        assert pair.score == pytest.approx(matrix.scores[row, column])
        assert pair.expected_score == pytest.approx(matrix.expected_scores[row, column])
    np.testing.assert_array_equal(matrix.matches, matrix.matches.T)
    np.testing.assert_allclose(matrix.superiorities + matrix.superiorities.T, 1.0)
    early = await call(client.head_to_head_matrix, "race", end=MONDAY + DAY, run="race")
    assert set(early.players) == {"race:1", "race:2", "race:3"}
    among = [one for one in EARLY if all("race:" in name for name in one.participants)]
    assert early.matches.sum() == 2 * len(among)
    with pytest.raises(NotFound, match="1 of those asked for"):
        await call(client.head_to_head_matrix, "race", ["race:1", "race:99"])


async def test_curves_are_fits_of_the_matches_up_to_them(client: EloClient) -> None:
    (curve,) = await call(client.rating_curves, "race", ["race:2", "race:99"], points=64)
    arrived = [*LATE[:40], *EARLY, *LATE[40:]]
    assert [point.ladder_matches for point in curve.points][-3:] == [192, 196, 200]
    for point in curve.points[10::20]:
        of = alone(arrived[: point.ladder_matches])
        player = of.names.index("race:2")
        assert (point.rating, point.low, point.high, point.rank) == (
            *(of.ratings[player], of.low[player], of.high[player]),
            of.ranks[player],
        )
        assert point.matches == sum(
            "race:2" in one.participants for one in arrived[: point.ladder_matches]
        )
    now = await call(client.rating, "race", "race:2")
    assert curve.points[-1].rating == now.rating
    widths = [point.high - point.low for point in curve.points]
    assert widths[-1] < widths[0]
    (few,) = await call(client.rating_curves, "race", ["race:2"], points=5)
    assert len(few.points) == 5
    assert few.points[-1] == curve.points[-1]
    # Half of them more: the same points stand, and new ones are made.
    more = at(MONDAY + 4 * DAY, [one._replace(match_id=f"again-{one.match_id}") for one in ALL])
    await call(client.record, list(map(on_the_wire, more)))
    (longer,) = await call(client.rating_curves, "race", ["race:2"], points=64)
    kept = [point for point in curve.points if point.ladder_matches % 8 == 0]
    assert longer.points[: len(kept)] == kept
    assert longer.points[-1].ladder_matches == 400
    (recent,) = await call(
        client.rating_curves, "race", ["race:2"], start=MONDAY + 4 * DAY, points=64
    )
    assert all(point.ladder_matches > 200 for point in recent.points)
    with pytest.raises(NotFound, match="none of them"):
        await call(client.rating_curves, "race", ["race:99"])


async def test_ladders_are_listed_by_game(client: EloClient) -> None:
    ladders = await call(lambda: list(client.ladders()))
    assert [(one.ladder, one.matches) for one in ladders] == [("race", 200), ("race-9x9", 9)]
    assert ladders[1].last_match_time.ToDatetime(UTC) == MONDAY + timedelta(seconds=8)
    assert [one.ladder for one in await call(lambda: list(client.ladders("race")))] == [
        "race",
        "race-9x9",
    ]
    assert await call(lambda: list(client.ladders("rac"))) == []
