"""Commands come from entry points: ours first, others beside them, each loaded when asked for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mazemesh.cli.installed import COMMANDS, own

ROOT = Path(__file__).parents[3]
HEAVY = {"grpc", "numpy", "numba", "onnxruntime", "pydantic", "rich", "sqlalchemy", "torch"}
TELL_MODULES = "import json; sys.stderr.write(json.dumps(list(sys.modules)))"
THEIRS = '''
import sys, typer
def greet(name: str = "you") -> None:
    """Greet somebody."""
    sys.stdout.write(f"hello {name}\\n")
app = typer.Typer(help="Several things.")
@app.command()
def first() -> None:
    """The first."""
    sys.stdout.write("first\\n")
@app.command()
def second() -> None:
    """The second."""
'''


def install(folder: Path, package: str, commands: str, *, version: str = "1.0") -> None:
    info = folder / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{COMMANDS}]\n{commands}" if commands else "")


def mazemesh(packages: Path, *words: str, after: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `mazemesh` with a folder of packages that come before all others."""
    program = (
        f"import sys; sys.path.insert(0, {str(packages)!r}); sys.argv = ['mazemesh', *{words!r}]\n"
        f"from mazemesh.cli import main\ntry:\n    main()\nfinally:\n    {after or 'pass'}"
    )
    command = [sys.executable, "-P", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_every_command_of_the_project_is_installed_and_loads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group, wanted in project["entry-points"].items():
        installed = {point.name: point.value for point in own(group)}
        assert installed == wanted, "scripts/install brings it up to date"
        for point in own(group):
            assert callable(point.load()), point


def test_help_knows_all_and_loads_nothing_large(tmp_path: Path) -> None:
    done = mazemesh(tmp_path, "--help", after=TELL_MODULES)
    assert done.returncode == 0, done.stderr
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert {point.name for point in own(COMMANDS)} <= listed
    assert HEAVY.isdisjoint(json.loads(done.stderr))


def test_one_command_does_not_load_the_others(tmp_path: Path) -> None:
    loaded = json.loads(mazemesh(tmp_path, "status", "--help", after=TELL_MODULES).stderr)
    assert "mazemesh.cli.inspect" in loaded
    assert {"supervisor", "actor", "learner", "services"}.isdisjoint(loaded)


def test_another_package_adds_commands(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(THEIRS)
    install(tmp_path, "theirs", "greet = theirs:greet\nseveral = theirs:app\nup = theirs:greet\n")
    told = mazemesh(tmp_path, "--help").stdout
    assert re.search(r"greet +Greet somebody\.", told)
    assert re.search(r"several +Several things\.", told)
    assert mazemesh(tmp_path, "greet", "--name", "maze").stdout == "hello maze\n"
    assert mazemesh(tmp_path, "several", "first").stdout == "first\n"
    assert "Run the whole mesh" in mazemesh(tmp_path, "up", "--help").stdout, "ours comes first"


def test_a_package_that_cannot_be_loaded_breaks_its_own_command_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text("raise RuntimeError('no such device')")
    install(tmp_path, "theirs", "greet = theirs:greet\n")
    assert mazemesh(tmp_path, "--help").returncode == 0
    done = mazemesh(tmp_path, "greet", "--name", "maze")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "mazemesh: greet of theirs: theirs:greet cannot be loaded: RuntimeError: no such device\n"
    )


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ("", "it names no command of the group mazemesh.commands"),
        ("up = mazemesh.cli.gone:up\n", "mazemesh.cli.gone:up cannot be loaded"),
        ("up = supervisor.cli.up:gone\n", "supervisor.cli.up:gone cannot be loaded"),
    ],
)
def test_an_installation_of_other_files_is_told(tmp_path: Path, commands: str, reason: str) -> None:
    """A checkout that was changed after it was installed."""
    install(tmp_path, "mazemesh", commands, version="0.0.9")
    done = mazemesh(tmp_path, "up")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("mazemesh: the installation (0.0.9) does not fit the files in use: ")
    assert reason in line
    assert "scripts/install" in line
