"""The empirical game over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.client.elo import EloClient
from mazemesh.errors import InvalidArgument, NotFound
from services._harness import serve
from services.elo.bind import bind
from tests.servers.elo_results import on_the_wire, settings_in
from tests.unit.elo.played import match

ROUND = ("race:1", "race:2", "race:3")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[EloClient]:
    async with serve(settings_in(tmp_path), bind) as server:
        client = EloClient(server.address)
        yield client
        client.close()


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return await asyncio.to_thread(function, *arguments, **named)


async def play_rounds(client: EloClient, count: int) -> None:
    """Each beats the next, and all of them the bot."""
    pairs = [(*pair,) for pair in zip(ROUND, (*ROUND[1:], ROUND[0]), strict=True)]
    pairs += [(one, "bot/random") for one in ROUND]
    results = [
        on_the_wire(match(f"{one}-{other}-{number}", (one, other), 1.0, 1.0))
        for number in range(count)
        for one, other in pairs
    ]
    await call(client.record, results)


async def test_strength_that_goes_round_is_shown(client: EloClient) -> None:
    await play_rounds(client, 20)
    game = await call(client.empirical_game, "race", [*ROUND, "bot/random", "race:9"])
    assert list(game.players) == [*ROUND, "bot/random"]
    scores = np.array(game.scores).reshape(4, 4)
    np.testing.assert_allclose(scores + scores.T, 1.0)
    assert scores[0, 1] > 0.9 > 0.1 > scores[0, 2]
    for shares in (game.nash_shares, game.alpha_ranks):
        np.testing.assert_allclose(shares, [1 / 3, 1 / 3, 1 / 3, 0.0], atol=0.02)
    assert max(game.nash_scores) < 0.51
    (cycle,) = game.cycles
    assert tuple(cycle.players) == ROUND
    assert cycle.chance > 0.99
    # Ratings cannot say it, so what they expect is far from what was played.
    assert np.abs(np.array(game.residuals).reshape(4, 4)[:3, :3]).max() > 5
    assert {one.player for one in game.telling_pairs} <= {*ROUND, "bot/random"}
    assert list(game.alpha_ranks_low) <= list(game.alpha_ranks_high)


async def test_the_same_log_gives_the_same_answer(client: EloClient) -> None:
    await play_rounds(client, 5)
    first = await call(client.empirical_game, "race")
    assert await call(client.empirical_game, "race") == first
    assert len(first.players) == 4


async def test_a_game_takes_two(client: EloClient) -> None:
    with pytest.raises(NotFound, match="takes two at least"):
        await call(client.empirical_game, "race")
    await play_rounds(client, 1)
    with pytest.raises(NotFound, match="1 of those asked for"):
        await call(client.empirical_game, "race", ["race:1", "race:9"])
    with pytest.raises(InvalidArgument, match=r"alpha = -1\.0"):
        await call(client.empirical_game, "race", alpha=-1.0)
