"""`mazemesh leaderboard --model` and `mazemesh ratings rebuild`, beside a service that runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from mazemesh.cli.app import app
from mazemesh.client.elo import MODELS, EloClient
from services._harness import Server, serve
from services._harness.sql.database import Database
from services.elo.bind import bind
from services.elo.stores import tables
from tests.servers.elo_results import RESULTS, settings_in

MIDDLES = {"bradley-terry": 1000.0, "elo": 1000.0, "glicko2": 1500.0, "plackett-luce": 25.0}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serve(settings_in(tmp_path / "elo"), bind) as server:
        client = EloClient(server.address)
        await asyncio.to_thread(client.record, RESULTS)
        client.close()
        yield server


async def run(server: Server, tmp_path: Path, *words: str) -> Result:
    runner = CliRunner(env={"MAZEMESH_ELO_ADDRESS": server.address})
    return await asyncio.to_thread(runner.invoke, app, [*words, "--data-dir", str(tmp_path)])


@pytest.mark.parametrize("model", MODELS)
async def test_a_leaderboard_by_each_model(server: Server, tmp_path: Path, model: str) -> None:
    shown = await run(server, tmp_path, "leaderboard", "race", "--model", model)
    assert shown.exit_code == 0, shown.output
    assert len(shown.output.splitlines()) == 1 + 5
    as_json = await run(server, tmp_path, "leaderboard", "race", "--model", model, "--json")
    told = json.loads(as_json.stdout)
    assert (told["model"], told["matches"], len(told["players"])) == (model, 120, 5)
    assert all(one["low"] < one["rating"] < one["high"] for one in told["players"])
    middle = sum(one["rating"] for one in told["players"]) / 5
    assert middle == pytest.approx(MIDDLES[model], rel=0.1)


async def test_an_empty_ladder_says_where_there_is_something(
    server: Server, tmp_path: Path
) -> None:
    shown = await run(server, tmp_path, "leaderboard", "chess")
    assert shown.exit_code == 0
    assert shown.stderr == "nobody has a result on chess; ladders with results: race\n"
    as_json = await run(server, tmp_path, "leaderboard", "chess", "--json")
    assert as_json.stderr == ""


async def test_a_model_that_is_none_is_refused(server: Server, tmp_path: Path) -> None:
    refused = await run(server, tmp_path, "leaderboard", "race", "--model", "trueskill")
    assert refused.exit_code != 0
    assert "must be one of bradley-terry, elo, glicko2, plackett-luce" in refused.output


async def test_ratings_are_verified_and_rebuilt(server: Server, tmp_path: Path) -> None:
    right = await run(server, tmp_path, "ratings", "rebuild", "--verify")
    assert right.exit_code == 0, right.output
    assert "all as the log says, to the last bit" in right.output
    rebuilt = await run(server, tmp_path, "ratings", "rebuild")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "what was made anew is served and stored now" in rebuilt.output
    database = Database(f"sqlite:///{tmp_path / 'elo' / 'elo.sqlite'}")
    spoiled = update(tables.ladders).values(matches=7)
    await database.run(lambda session: session.execute(spoiled))
    await database.close()
    wrong = await run(server, tmp_path, "ratings", "rebuild", "--verify", "--json")
    assert wrong.exit_code == 1
    told = json.loads(wrong.stdout)
    assert told["differences"] == [
        {"ladder": "race", "player": "", "field": "matches", "where": "stored", "found": 7.0,
         "refolded": 120.0}
    ]  # fmt: skip
    shown = await run(server, tmp_path, "ratings", "rebuild", "--verify")
    assert (shown.exit_code, "`mazemesh ratings rebuild` puts right" in shown.output) == (1, True)
    assert (await run(server, tmp_path, "ratings", "rebuild")).exit_code == 0
    assert (await run(server, tmp_path, "ratings", "rebuild", "--verify")).exit_code == 0
