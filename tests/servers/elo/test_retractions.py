"""Results that are taken back: ratings count them no more, and nothing else changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from mazemesh.client.elo import EloClient
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import elo_pb2
from services._harness import serve
from services.elo.bind import bind
from tests.servers.elo_results import RESULTS, settings_in

WORSE, BETTER = "bot/random", "bot/shortest-path"


def told(number: int) -> elo_pb2.MatchResult:
    """A result that nobody would believe: the random bot wins twice."""
    result = elo_pb2.MatchResult(
        match_id=f"strange/{number}", ladder="race", seed=number, participants=[WORSE, BETTER]
    )
    for rotation in range(2):
        result.games.add(rotation=rotation, scores=[1.0, 0.0], termination=1)
    result.finish_time.FromSeconds(1_700_000_000 + number)
    return result


STRANGE = [told(number) for number in range(60)]
IDS = [one.match_id for one in STRANGE]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def elo(stack: AsyncExitStack, folder: Path) -> EloClient:
    server = await stack.enter_async_context(serve(settings_in(folder), bind))
    return stack.enter_context(closing(EloClient(server.address)))


def fitted(client: EloClient) -> dict[str, tuple[float, float, float]]:
    players = client.leaderboard("race").players
    return {one.player: (one.rating, one.low, one.high) for one in players}


async def test_what_is_taken_back_counts_no_more(stack: AsyncExitStack, tmp_path: Path) -> None:
    clean = await elo(stack, tmp_path / "clean")
    client = await elo(stack, tmp_path / "both")

    def run() -> dict[str, tuple[float, float, float]]:
        clean.record(RESULTS)
        client.record([*RESULTS[:60], *STRANGE, *RESULTS[60:]])
        wrong, right = fitted(client), fitted(clean)
        assert wrong[WORSE][0] > right[WORSE][0] + 50
        assert client.retract(["unknown", *IDS]) == IDS
        assert client.retract(IDS[:3]) == IDS[:3]  # they are by now, once for ever
        now = fitted(client)
        for player, figures in right.items():
            assert now[player] == pytest.approx(figures, abs=1e-3)
        pairs = {(one.player, one.opponent): one.games for one in clean.head_to_head("race")}
        assert pairs == {
            (one.player, one.opponent): one.games for one in client.head_to_head("race")
        }
        # What was played stays what was played.
        assert client.leaderboard("race").matches == len(RESULTS) + len(STRANGE)
        assert client.results([IDS[0], "unknown", RESULTS[0].match_id]) == [
            STRANGE[0],
            RESULTS[0],
        ]
        return now

    now = await asyncio.to_thread(run)
    # Another start refolds or restores; both come to the same.
    await stack.aclose()
    async with AsyncExitStack() as later:
        again = await elo(later, tmp_path / "both")
        for player, figures in (await asyncio.to_thread(fitted, again)).items():
            assert figures == pytest.approx(now[player])


async def test_a_pair_of_which_all_was_taken_back_has_not_met(
    stack: AsyncExitStack, tmp_path: Path
) -> None:
    client = await elo(stack, tmp_path)

    def run() -> None:
        client.record(STRANGE[:2])
        client.retract(IDS[:2])
        assert client.head_to_head("race", [WORSE, BETTER]) == []
        assert {one.player for one in client.leaderboard("race").players} == {WORSE, BETTER}

    await asyncio.to_thread(run)


async def test_nobody_takes_back_by_reporting(stack: AsyncExitStack, tmp_path: Path) -> None:
    client = await elo(stack, tmp_path)
    entry = elo_pb2.MatchResult.FromString(STRANGE[0].SerializeToString())
    entry.match_id, entry.retracts = "mine", IDS[0]

    def run() -> None:
        client.record(STRANGE)
        with pytest.raises(InvalidArgument, match="retracts"):
            client.record([entry])
        with pytest.raises(InvalidArgument, match="match_ids"):
            client.retract([])

    await asyncio.to_thread(run)
