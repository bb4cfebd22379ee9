"""A simulator in JavaScript trains through a mesh that `mazemesh up` started.

The whole of it, to 475 of 500 mean return, is in examples/simulator/README.md.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mazemesh.process.ports import free_block
from tests.e2e.running_mesh import up

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "simulator"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its packages, as the lock file has them."""
    folder = tmp_path_factory.mktemp("simulator")
    for file in EXAMPLE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return folder / "train.js"


def test_carts_in_javascript_learn_to_balance(program: Path, tmp_path: Path) -> None:
    """A random policy has a mean return of about 22."""
    base = free_block(5).start
    flags = ["--game", "external:cartpole", "--spaces", str(EXAMPLE / "cartpole.toml")]
    flags += [f"--learner=--config={EXAMPLE / 'run.toml'}", "--learner=--tracking=none"]
    with up(tmp_path / "data", base, *flags, "--seed", "1", "--plain") as mesh:
        address = mesh.mesh.addresses.model
        command = ["node", str(program), str(ROOT / "proto"), address]
        command += ["--target=60", "--seconds=240"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, (done.stdout[-1000:], done.stderr[-1000:], mesh.lines[-10:])
        summary = mesh.stop()
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["reached"]
    assert told["mean_return"] >= 60
    assert summary["agent_steps"] > 1000


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((EXAMPLE / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
