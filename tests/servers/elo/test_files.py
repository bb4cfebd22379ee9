"""Results from files into an Elo service over real sockets, and out of it, by code and command."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.client.elo import EloClient
from mazemesh.errors import InvalidArgument
from mazemesh.match_files.files import RatingFiles
from mazemesh.match_files.report import ImportReport
from mazemesh.v1 import elo_pb2
from services._harness import Server, serve
from services.elo.bind import bind
from tests.servers.elo_results import on_the_wire, settings_in
from tests.unit.elo.played import BOTS, TRUTH, match, simulated

MANY = simulated(np.random.default_rng(5), {**TRUTH, "player/zoe": 1200.0}, 1200, correlation=0.3)
RESULTS = [
    on_the_wire(one)
    for one in (
        *MANY,
        *(match(f"t{n}", ("race:1", "race:2", BOTS[0]), (1.0, 0.5, 0.0)) for n in range(20)),
        match("teams", ("race:1", "race:2", BOTS[0], BOTS[2]), (1.0, 1.0, 0.0, 0.0),
              teams=((0, 0, 1, 1),)),
    )
]  # fmt: skip


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serve(settings_in(tmp_path / "one"), bind) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[EloClient]:
    client = EloClient(server.address)
    yield client
    client.close()


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A call of the blocking client beside the server's loop."""
    return await asyncio.to_thread(function, *arguments, **named)


def numbers(row: elo_pb2.PlayerRating) -> tuple[float | int, ...]:
    return (
        *(row.rating, row.low, row.high, row.online_rating, row.rank),
        *(row.matches, row.games, row.wins, row.draws, row.losses),
    )


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.parquet"])
async def test_exported_and_imported_elsewhere_gives_equal_ratings(
    client: EloClient, tmp_path: Path, name: str
) -> None:
    await call(client.record, RESULTS)
    board = await call(client.leaderboard, "race")
    file = tmp_path / name
    assert await call(RatingFiles(client).export_file, file) == len(RESULTS)
    async with serve(settings_in(tmp_path / "empty"), bind) as other:
        second = EloClient(other.address)
        seen: list[int] = []
        report = await call(
            RatingFiles(second).import_file,
            *(file,),
            progress=lambda report: seen.append(report.matches),
        )
        assert (report.matches, report.recorded, report.refused) == (len(RESULTS),) * 2 + (0,)
        assert seen == [1000, 1221, 1000, 1221]
        there = await call(second.leaderboard, "race")
        # Bit for bit, though nobody of that mesh is known to this one.
        found = {row.player.removeprefix("foreign/"): numbers(row) for row in there.players}
        assert found == {row.player: numbers(row) for row in board.players}
        assert {row.player for row in there.players if row.player.startswith("bot/")} == {
            BOTS[0],
            BOTS[2],
        }
        # And back into where they came from: they are known there.
        back = tmp_path / f"back-{name}"
        await call(RatingFiles(second).export_file, back)
        second.close()
    report = await call(RatingFiles(client).import_file, back)
    assert report.refused == len(RESULTS)
    assert "another result stands under this id" in report.refusals[0].right
    assert await call(client.leaderboard, "race") == board


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("id,date,white,black,result,round", *lines)) + "\n")
    return path


async def test_a_result_counts_once_however_often_it_comes(
    client: EloClient, tmp_path: Path
) -> None:
    files = RatingFiles(client)
    rows = ["a,2026-11-24,X,Y,1-0,1", ",2026-11-24,X,Y,1-0,", ",2026-11-24,X,Y,1-0,"]
    file = write(tmp_path / "r.csv", *rows)
    first = await call(files.import_file, file, ladder="chess")
    assert first == ImportReport(rows=3, matches=3, new=3, recorded=3, ignored={"round"})
    longer = write(tmp_path / "r.csv", *rows, rows[0], ",2026-11-24,Y,X,1/2-1/2,")
    dry = await call(files.import_file, longer, ladder="chess", dry_run=True)
    assert (dry.new, dry.duplicates, dry.recorded) == (1, 4, 0)
    assert (await call(client.leaderboard, "chess")).matches == 3
    again = await call(files.import_file, longer, ladder="chess")
    assert (again.recorded, again.duplicates) == (1, 4)
    board = await call(client.leaderboard, "chess")
    assert board.matches == 4
    assert {row.player: row.kind for row in board.players} == dict.fromkeys(
        ("foreign/X", "foreign/Y"), elo_pb2.PLAYER_KIND_FOREIGN
    )
    assert board.players[0].rank == 1  # no bot, but the largest group that hangs together


async def test_a_file_with_a_refused_row_leaves_nothing(client: EloClient, tmp_path: Path) -> None:
    files = RatingFiles(client)
    rows = [
        *("a,2026-11-24,X,Y,1-0,1", "b,2026-11-24,X,Y,2-0,1", "c,2026-11-24,X,X,1-0,"),
        *("a,2026-11-24,X,Y,0-1,1", "d,,X,Y,0-1,1", "e,2026-11-24,X,Y,0-1,1"),
    ]
    # The same id would be one match if the rows stood together.
    file = write(tmp_path / "r.csv", *rows)
    report = await call(files.import_file, file, ladder="chess")
    assert [(one.line, one.field) for one in report.refusals] == [
        *((3, "result"), (4, "players"), (5, "match_id"), (6, "time")),
    ]
    assert (report.rows, report.recorded, report.new) == (6, 0, 2)
    assert not (await call(client.leaderboard, "chess")).players
    report = await call(files.import_file, file, ladder="chess", skip_refused=True)
    assert (report.recorded, report.refused) == (2, 4)
    other = write(tmp_path / "o.csv", "f,2026-11-24,X,Y,1-0,", "e,2026-11-24,X,Y,1-0,")
    report = await call(files.import_file, other, ladder="chess")
    assert [(one.line, one.field) for one in report.refusals] == [(3, "match_id")]
    assert (await call(client.leaderboard, "chess")).matches == 2


async def test_what_the_service_alone_refuses_has_its_line(
    client: EloClient, tmp_path: Path
) -> None:
    file = tmp_path / "r.jsonl"
    rows = [
        {"players": ["a", "b", "c"], "scores": [1, 0, 0], "teams": [0, 0, 1], "time": "2026-01-01"},
        {"players": ["a", "b", "c"], "scores": [1, 1, 0], "teams": [0, 0, 1], "time": "2026-01-01"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = await call(RatingFiles(client).import_file, file, ladder="x", skip_refused=True)
    (refusal,) = report.refusals
    assert (refusal.line, refusal.field) == (1, "games[0].teams")
    assert "have different scores" in refusal.right
    assert report.recorded == 1


async def test_nobody_of_the_mesh_is_imported(client: EloClient) -> None:
    for changes, message in (
        ({"participants": ["race:1", "foreign/x"]}, r"participants\[0\] = 'race:1' is wrong"),
        ({"participants": ["player/zoe", "foreign/x"]}, r"participants\[0\] = 'player/zoe'"),
        ({"match_id": "m"}, r"results\[0\].match_id = 'm' is wrong: must begin with 'import/'"),
    ):
        result = on_the_wire(match("import/m", ("foreign/y", "foreign/x"), 1.0))
        for name, value in changes.items():
            if isinstance(value, list):
                result.participants[:] = value
            else:
                setattr(result, name, value)
        with pytest.raises(InvalidArgument, match=message):
            await call(client.import_results, [result])
    foreign = on_the_wire(match("m", ("foreign/y", "race:1"), 1.0))
    with pytest.raises(InvalidArgument, match=r"participants\[0\] = 'foreign/y' is wrong"):
        await call(client.record, [foreign])
    # Many at once are read by other code.
    many = [on_the_wire(match(f"import/{n}", ("race:1", "foreign/x"), 1.0)) for n in range(900)]
    with pytest.raises(InvalidArgument, match=r"results\[0\].participants\[0\] = 'race:1'"):
        await call(client.import_results, many)
    assert not await call(lambda: list(client.result_log()))


async def test_results_are_listed_by_ladder_and_time(client: EloClient) -> None:
    from datetime import UTC, datetime, timedelta

    other = on_the_wire(match("o", ("race:1", BOTS[0]), 1.0, ladder="race-9x9"))
    await call(client.record, [*RESULTS[:1100], other])
    assert await call(lambda: list(client.result_log())) == [*RESULTS[:1100], other]
    assert await call(lambda: list(client.result_log("race-9x9"))) == [other]
    finish = datetime.fromtimestamp(RESULTS[0].finish_time.seconds, UTC)
    assert not await call(lambda: list(client.result_log(end=finish)))
    later = finish + timedelta(seconds=1)
    assert await call(lambda: list(client.result_log("race-9x9", start=finish, end=later))) == [
        other
    ]


async def test_by_command(server: Server, client: EloClient, tmp_path: Path) -> None:
    port_base = str(int(server.address.rpartition(":")[2]) - 3)

    def run(*arguments: str, status: int = 0, text: str | None = None) -> Any:
        place = ("--data-dir", str(tmp_path), "--port-base", port_base)
        result = CliRunner().invoke(app, [*arguments, *place], input=text)
        assert result.exit_code == status, result.output
        return result

    await call(client.record, RESULTS)
    out = tmp_path / "out.parquet"
    await call(run, "ratings", "export", str(out), "--ladder", "race")
    table = await call(run, "ratings", "export", "--format", "jsonl", "--until", "2020-01-01")
    assert table.stdout == ""
    file = write(tmp_path / "r.csv", "a,2026-11-24,X,Y,1-0,1", "b,2026-11-24,X,Y,2-0,1")
    refused = await call(run, "ratings", "import", str(file), "--ladder", "chess", status=1)
    assert "line 3: result = '2-0': must be 1-0, 0-1, 1/2-1/2" in refused.stderr
    assert "nothing was recorded" in refused.stdout
    told = await call(
        run, *("ratings", "import", "-", "--ladder", "chess", "--json"),
        text="date,white,black,result\n2026-11-24,X,Y,1-0\n",
    )  # fmt: skip
    assert json.loads(told.stdout)["recorded"] == 1
    ladders = await call(run, "ratings", "ladders", "--json")
    assert [one["ladder"] for one in json.loads(ladders.stdout)] == ["chess", "race"]
    shown = await call(run, "leaderboard", "chess", "--kind", "foreign", "--at", "2026-11-24")
    assert "foreign/X" in shown.stdout
    before = await call(run, "leaderboard", "chess", "--at", "2026-11-23", "--json")
    assert json.loads(before.stdout)["players"] == []
    around = await call(
        run, "leaderboard", "--around", "race:2", "--run", "race", "--top", "1", "--json",
        "--since", "2020-01-01",
    )  # fmt: skip
    (row,) = json.loads(around.stdout)["players"]
    assert row["policy"] == "race:2"
    games = await call(run, "leaderboard", "--game", "chess", "--json")
    assert [one["ladder"] for one in json.loads(games.stdout)] == ["chess"]
    history = await call(run, "ratings", "history", "race:2", "--points", "7", "--json")
    points = json.loads(history.stdout)["points"]
    assert len(points) == 7
    assert points[-1]["rating"] == row["rating"]
    versions = await call(run, "ratings", "history", "race", "--json")
    assert [one["version"] for one in json.loads(versions.stdout)["points"]] == [1, 2, 3]
    matrix = await call(run, "head-to-head", "race:1", "race:2", "--json")
    assert json.loads(matrix.stdout)["players"] == ["race:1", "race:2"]
    for show in ("score", "games", "los"):
        shown = await call(run, "head-to-head", "--run", "race", "--show", show)
        assert shown.stdout.splitlines()[0].split("\t")[0] == "player"
    wrong = await call(run, "leaderboard", "--at", "tuesday", status=2)
    assert "'tuesday' is no time" in wrong.stderr
