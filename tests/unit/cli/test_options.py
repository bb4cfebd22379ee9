"""What goes wrong is one line, and says what to do."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mazemesh.cli.app import app
from mazemesh.process.ports import free_block


def told(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    return result


def test_a_mesh_that_is_not_there(tmp_path: Path) -> None:
    base = str(free_block(5).start)
    result = told("leaderboard", "race", "--data-dir", str(tmp_path), "--port-base", base)
    assert "Connection refused" in result.stderr
    assert "`mazemesh up` starts a mesh" in result.stderr


@pytest.mark.parametrize("command", [("up",), ("tune", "learning_rate=log:3e-4..3e-3")])
def test_a_file_where_the_data_folder_should_be(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.touch()
    assert str(file) in told(*command, "--data-dir", str(file)).stderr
