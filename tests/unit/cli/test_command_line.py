"""What holds for every command: data alone on standard output, one line for a bad variable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import mazemesh
from mazemesh.cli.app import app
from mazemesh.cli.installed import COMMANDS, own
from mazemesh.cli.options import Json
from mazemesh.cli.output import data_alone, print_json

MAZEMESH = Path(sys.executable).with_name("mazemesh")


def commands() -> Iterator[tuple[str, Any]]:
    """The functions of all commands, with the words that name them."""
    for point in own(COMMANDS):
        made = point.load()
        if not isinstance(made, typer.Typer):
            yield point.name, made
            continue
        if made.registered_callback is not None:
            yield point.name, made.registered_callback.callback
        for info in made.registered_commands:
            assert info.callback is not None
            yield f"{point.name} {info.name or info.callback.__name__}", info.callback


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(MAZEMESH), *words],
        env={**os.environ, **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=110,
    )


def test_every_json_option_keeps_standard_output_for_the_data() -> None:
    """A command that had an option of its own would print what libraries say among its data."""
    found = {
        name: function.__annotations__["json"]
        for name, function in commands()
        if "json" in function.__annotations__
    }
    assert {"status", "doctor", "games check", "tables"} <= found.keys()
    assert {name for name, kind in found.items() if kind not in ("Json", Json)} == set()


def test_options_of_a_list_that_a_command_would_not_see_are_refused(tmp_path: Path) -> None:
    words = ["tables", "--data-dir", str(tmp_path), "delete", "race"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "--data-dir should come after 'delete'" in refused.stderr


def test_what_libraries_print_is_not_among_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    with data_alone():
        sys.stdout.write("a library says hello\n")
        print_json({"data": 1})
    sys.stdout.write("afterwards\n")
    told = capsys.readouterr()
    assert told.out == '{\n  "data": 1\n}\nafterwards\n'
    assert told.err == "a library says hello\n"


GAME = """
import gymnasium, numpy, structlog
class Chatty(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 1, (2,), numpy.float32)
    action_space = gymnasium.spaces.Discrete(2)
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return numpy.zeros(2, numpy.float32), {}
    def step(self, action):
        if self.np_random.random() < 0.2:
            raise RuntimeError("an episode is lost now and then")
        return numpy.zeros(2, numpy.float32), 0.0, False, False, {}
gymnasium.register("Chatty-v0", Chatty, max_episode_steps=20)
"""


@pytest.mark.slow
def test_a_check_that_warns_prints_data_alone(tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text(GAME)
    for name in ("numpy", "grpc", "learner", "services"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this file')\n")
    done = subprocess.run(
        [str(MAZEMESH), "games", "check", "gymnasium:chatty:Chatty-v0", "--steps", "50", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert json.loads(done.stdout)["game"] == "gymnasium:chatty:Chatty-v0", done.stderr
    assert "episodes lost" in done.stderr


@pytest.mark.parametrize("value", ["abc", "70000", "0"])
@pytest.mark.parametrize("command", ["up", "status", "leaderboard", "tables", "actor"])
def test_a_port_base_that_is_none_is_one_line(tmp_path: Path, command: str, value: str) -> None:
    result = CliRunner(env={"MAZEMESH_PORT_BASE": value}).invoke(
        app, [*command.split(), "--data-dir", str(tmp_path)]
    )
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"mazemesh: MAZEMESH_PORT_BASE is '{value}' and should be a port")


def test_the_version_and_the_completion() -> None:
    assert run("--version").stdout.decode() == f"mazemesh {mazemesh.__version__}\n"
    # Where no shell has started it, none can be found: it is told instead.
    told = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    for shell, sign in (
        ("bash", "complete -o"),
        ("zsh", "#compdef"),
        ("fish", "complete --command"),
    ):
        shown = run("--show-completion", shell, **told).stdout.decode()
        assert "_MAZEMESH_COMPLETE" in shown
        assert sign in shown


def test_a_command_says_on_an_ascii_terminal_what_it_can() -> None:
    program = (
        "from mazemesh.cli.terminal import show_what_can_be_shown as show; show();"
        "print('\\u250c\\u2500\\u2510 \\u25c6 \\u2605 \\u2013 \\u00fc \\udc80')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == b"+-+ # * - ? ?\n", done.stderr
