"""The examples as games of the mesh: checked, and learned from, with actions of their own kinds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mazemesh.process.ports import free_block
from tests.installed_examples import installed_examples
from tests.servers.running import eventually

pytest.importorskip("mazemesh.games.spaces", reason="games have Discrete actions alone")

MAZEMESH = Path(sys.executable).with_name("mazemesh")

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(400)]

GAMES = ("radio-5g?cells=2&steps=10", "recommender")


@pytest.mark.parametrize("game", GAMES)
def test_an_example_is_as_a_game_should_be(game: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(MAZEMESH), "games", "check", game, "--steps", "200", "--json"],
        env=installed_examples(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
    )
    found = json.loads(done.stdout)
    assert found["passed"], found["findings"]


@pytest.mark.parametrize("game", GAMES)
def test_an_example_is_learned_from(game: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [
        *(str(MAZEMESH), "up", "--game", game, "--algorithm", "ppo"),
        *("--data-dir", str(data), "--port-base", str(free_block(5).start)),
        "--learner=--tracking=none",
    ]

    def learned() -> bool:
        """Whether a line of the journal tells of an update."""
        return any(
            "policy_loss" in line
            for journal in data.glob("learner/*/metrics.jsonl")
            for line in journal.read_text().splitlines()
        )

    with subprocess.Popen(
        command,
        env=installed_examples(tmp_path / "installed"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as mesh:
        try:
            eventually(lambda: learned() or mesh.poll() is not None, 300)
        finally:
            mesh.send_signal(signal.SIGINT)
            said, _ = mesh.communicate(timeout=60)
    assert learned(), said
    assert mesh.returncode in (0, 130), said
