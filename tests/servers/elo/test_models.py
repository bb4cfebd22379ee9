"""Ratings by model over one log, asked for over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.client.elo import HEADLINE, MODELS, EloClient
from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.v1 import elo_pb2
from mazemesh.v1.elo_pb2_grpc import EloServiceStub
from services._harness import Server, serve
from services.elo.bind import bind
from services.elo.models import glicko, plackett_luce
from services.elo.models.glicko import Glicko
from services.elo.models.plackett_luce import Skill
from tests.servers.elo_results import MATCHES, RESULTS, on_the_wire, settings_in
from tests.unit.elo.played import TRUTH, match

OTHERS = [model for model in MODELS if model != HEADLINE]
FREE_FOR_ALL = [
    match(f"f{n}", ("race:1", "race:2", "race:3"), (0.0, 0.5, 1.0), ladder="brawl")
    for n in range(8)
]
TEAMS = [
    match(f"t{n}", ("race:1", "race:2", "race:3", "race:4"), (1.0, 1.0, 0.0, 0.0),
          ladder="teams", teams=[(0, 0, 1, 1)])
    for n in range(8)
]  # fmt: skip


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serve(settings_in(tmp_path), bind) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[EloClient]:
    client = EloClient(server.address)
    yield client
    client.close()


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return await asyncio.to_thread(function, *arguments, **named)


@pytest.mark.parametrize("model", MODELS)
async def test_each_model_ranks_by_strength(client: EloClient, model: str) -> None:
    await call(client.record, RESULTS)
    board = await call(client.leaderboard, "race", model=model)
    assert board.model == MODELS[model]
    assert (board.matches, board.fitted_matches, board.total_players) == (120, 120, 5)
    ratings = [player.rating for player in board.players]
    assert ratings == sorted(ratings, reverse=True)
    truth = [TRUTH[player.player] for player in board.players]
    assert np.corrcoef(ratings, truth)[0, 1] > 0.9
    for player in board.players:
        assert player.low < player.rating < player.high
        assert player.deviation == pytest.approx((player.high - player.low) / 3.92, rel=1e-3)
        assert (player.volatility > 0) == (model == "glicko2")
        assert player.rank >= 1
        likely = player.superiority_of_above
        assert player.HasField("superiority_of_above") == (player is not board.players[0])
        assert 0.5 <= likely <= 1.0 or player is board.players[0]
        player.ClearField("superiority_of_above")  # of lists alone
        assert await call(client.rating, "race", player.player, model=model) == player
    best, last = board.players[0], board.players[-1]
    assert (best.rank, last.rank > 1) == (1, True)


async def test_glicko_is_the_paper_match_by_match(client: EloClient) -> None:
    await call(client.record, RESULTS)
    players = dict.fromkeys(TRUTH, Glicko())
    for one in MATCHES:
        names, score = one.participants, sum(game.scores[0] for game in one.games)
        before = [players[name] for name in names]
        for name, me, other, mine in zip(
            names, before, before[::-1], (score, 2 - score), strict=True
        ):
            players[name] = glicko.updated(me, [other], [mine], games=[2.0])
    for name, expected in players.items():
        found = await call(client.rating, "race", name, model="glicko2")
        assert (found.rating, found.volatility) == (expected.rating, expected.volatility)
        assert found.deviation == pytest.approx(expected.deviation)


async def test_plackett_luce_rates_free_for_all_and_teams(client: EloClient) -> None:
    await call(client.record, list(map(on_the_wire, [*FREE_FOR_ALL, *TEAMS])))
    three = [Skill()] * 3
    for _ in FREE_FOR_ALL:
        three = [skill for (skill,) in plackett_luce.updated([[s] for s in three], [0.0, 0.5, 1.0])]
    board = await call(client.leaderboard, "brawl", model="plackett-luce")
    assert [p.player for p in board.players] == ["race:3", "race:2", "race:1"]
    assert [p.rating for p in board.players] == [skill.mean for skill in three[::-1]]
    won, lost = [Skill()] * 2, [Skill()] * 2
    for _ in TEAMS:
        won, lost = plackett_luce.updated([won, lost], [1.0, 0.0])
    board = await call(client.leaderboard, "teams", model="plackett-luce")
    found = {p.player: p.rating for p in board.players}
    assert found == {
        "race:1": won[0].mean,
        "race:2": won[1].mean,
        "race:3": lost[0].mean,
        "race:4": lost[1].mean,
    }


@pytest.mark.parametrize("model", OTHERS)
async def test_a_restart_goes_on_with_the_same_bits(tmp_path: Path, model: str) -> None:
    boards = []
    for part in (RESULTS[:70], RESULTS[70:], []):
        async with serve(settings_in(tmp_path), bind) as server:
            client = EloClient(server.address)
            if part:
                await call(client.record, part)
            boards.append(await call(client.leaderboard, "race", model=model))
            client.close()
    assert boards[1] == boards[2]
    async with serve(settings_in(tmp_path / "at once"), bind) as server:
        client = EloClient(server.address)
        await call(client.record, RESULTS)
        assert await call(client.leaderboard, "race", model=model) == boards[1]
        client.close()


@pytest.mark.parametrize("model", OTHERS)
async def test_pages_hold_together_while_results_come(client: EloClient, model: str) -> None:
    await call(client.record, RESULTS[:60])
    whole = await call(client.leaderboard, "race", model=model)
    names = [player.player for player in whole.players]
    first = await call(client.leaderboard, "race", page_size=2, model=model)
    await call(client.record, RESULTS[60:])
    await call(client.leaderboard, "race", model=model)
    rest = await call(
        client.leaderboard, "race", page_size=9, page_token=first.next_page_token, model=model
    )
    assert [p.player for p in (*first.players, *rest.players)] == names
    around = await call(client.leaderboard, "race", page_size=1, around="race:2", model=model)
    assert [p.player for p in around.players] == ["race:2"]


@pytest.mark.parametrize("model", MODELS)
async def test_those_whom_no_result_connects_are_shown_and_not_ranked(
    client: EloClient, model: str
) -> None:
    apart = [match(f"x{n}", ("player/a", "player/b"), 1.0) for n in range(3)]
    await call(client.record, [*RESULTS, *map(on_the_wire, apart)])
    board = await call(client.leaderboard, "race", model=model)
    ranks = {player.player: player.rank for player in board.players}
    assert (ranks["player/a"], ranks["player/b"]) == (0, 0)
    assert min(rank for name, rank in ranks.items() if not name.startswith("player/")) == 1


async def test_what_is_wrong_is_told(client: EloClient, server: Server) -> None:
    await call(client.record, RESULTS)
    with pytest.raises(InvalidArgument, match="model = 'trueskill' is wrong: must be one of brad"):
        await call(client.leaderboard, "race", model="trueskill")
    with pytest.raises(NotFound, match="has no result on ladder"):
        await call(client.rating, "race", "race:99", model="glicko2")
    assert not (await call(client.leaderboard, "none", model="elo")).players
    stub = EloServiceStub(client.channel)
    request = elo_pb2.GetRatingRequest(ladder="race", player="race:1", model=99)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="model = 99 is wrong"):
        await call(stub.GetRating, request, timeout=60.0)


async def test_the_first_place_has_its_worth(client: EloClient) -> None:
    won = [match(f"w{n}", ("race:1", "race:2"), 1.0, 0.0) for n in range(200)]
    await call(client.record, list(map(on_the_wire, won)))
    board = await call(client.leaderboard, "race")
    assert board.seat_effect - 2 * board.seat_deviation > 100
    assert board.players[0].rating == pytest.approx(board.players[1].rating, abs=1.0)
