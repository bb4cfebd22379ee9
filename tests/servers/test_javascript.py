"""The client in JavaScript plays and writes: the contract is enough for another language.

Without node and npm this fails: a contract that only Python was tried with is not shown to be one.
"""

import json
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from services.replay.bind import bind
from services.replay.settings import ReplaySettings
from tests.servers.game_server import running_game
from tests.servers.running import RunningService

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "javascript"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its packages, as the lock file has them."""
    folder = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "package-lock.json", "main.js"):
        shutil.copy(EXAMPLE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return folder / "main.js"


@pytest.mark.slow
def test_it_plays_a_game_and_gets_its_row_back(client: Path, tmp_path: Path) -> None:
    settings = ReplaySettings(port=0, data_dir=tmp_path / "replay", memory_limit_gib=1.0)
    with running_game(tmp_path) as game, closing(RunningService(settings, bind)) as replay:
        command = ["node", str(client), str(ROOT / "proto"), game.address, replay.address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        listed = game.client.list_games()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["games"] == [one.name for one in listed.games]
    assert told["bots"] == list(listed.bots)
    assert 1 <= told["played"]["steps"] <= 50
    assert sum(told["played"]["scores"]) == 1
    assert told["row"] == {"observation": [0, 1, 255], "reward": -1.25, "probability": 1}


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((EXAMPLE / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
