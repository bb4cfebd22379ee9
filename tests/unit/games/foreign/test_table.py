"""The table of environments, and the package that `mazemesh games new` writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.games.foreign.new_game import KINDS
from mazemesh.games.foreign.table import Row, check_row, read_table

ROOT = Path(__file__).parents[4]


def test_the_table_has_enough_of_everything_and_the_document_its_reasons() -> None:
    rows = read_table()
    assert len({row.game for row in rows}) == len(rows) >= 40
    told = (ROOT / "docs" / "games.md").read_text()
    for row in rows:
        assert row.refused in told
    for part in ("gymnasium:", "/tictactoe", "butterfly/", "mpe2.", "sisl/", "MiniGrid-", "ALE/"):
        assert any(part in row.game for row in rows)


@pytest.mark.slow
def test_the_quick_rows_are_as_the_table_says() -> None:
    rows = [row for row in read_table() if row.quick]
    assert len(rows) >= 5
    for row in rows:
        result = check_row(row, 30)
        assert result.as_expected, result
        assert result.verdict == ("refused" if row.refused else "passed")


@pytest.mark.slow
def test_what_is_not_as_the_table_says_is_told(tmp_path: Path) -> None:
    file = tmp_path / "table.toml"
    file.write_text(
        '[[environment]]\ngame = "pettingzoo:tests.foreign_games:Endless"\n'
        'refused = "are Sequence"\n'
        '[[environment]]\ngame = "gymnasium:CartPole-v1"\nneeds = ["no_such_module"]\n'
    )
    told = CliRunner().invoke(app, ["games", "table", str(file), "--json"])
    assert told.exit_code == 0
    assert [one["verdict"] for one in json.loads(told.stdout)] == ["refused", "missing"]
    file.write_text(
        '[[environment]]\ngame = "pettingzoo:tests.foreign_games:Endless"\nrefused = "ugly"\n'
    )
    told = CliRunner().invoke(app, ["games", "table", str(file)])
    assert told.exit_code == 1
    assert "UNEXPECTED" in told.stdout
    file.write_text("[[environment]]\nname = 3\n")
    told = CliRunner().invoke(app, ["games", "table", str(file)])
    assert told.exit_code == 1
    assert "is no table of environments" in told.stderr
    assert check_row(Row("pettingzoo:tests.foreign_games:Restless"), 5).verdict == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_package_that_is_written_works_as_it_stands(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "heap"
    written = CliRunner().invoke(
        app, ["games", "new", "stone-heap", "--kind", kind, "--folder", str(folder)]
    )
    assert written.exit_code == 0, written.stderr
    again = CliRunner().invoke(app, ["games", "new", "stone-heap", "--folder", str(folder)])
    assert again.exit_code == 1
    assert "is there already" in again.stderr
    assert "$" not in "".join(file.read_text() for file in folder.rglob("*.*") if file.is_file())
    path = os.pathsep.join((str(ROOT), str(folder)))
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [("Heap", "solo", "small letters"), ("class", "solo", "small letters"), ("a", "b", "none of")],
)
def test_a_name_or_kind_that_is_none_is_refused(
    name: str, kind: str, words: str, tmp_path: Path
) -> None:
    told = CliRunner().invoke(
        app, ["games", "new", name, "--kind", kind, "--folder", str(tmp_path / "x")]
    )
    assert told.exit_code == 1
    assert words in told.stderr
