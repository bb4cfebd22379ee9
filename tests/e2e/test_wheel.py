"""What is in the wheel is all that a mesh needs beside the packages that it names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import Up

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder of the commands of a new environment that has the wheel.

    The packages that it needs are those of the environment of the tests, without our checkout:
    what a .pth file names is no folder whose own .pth files are read.
    """
    pytest.importorskip("hatchling", reason="builds the wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=110)
    (wheel,) = tmp_path.glob("*.whl")
    folder = tmp_path / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=110
    )
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check"]
    flags = ["--no-deps", "--no-index", "--quiet", str(wheel)]
    subprocess.run([*pip, "install", *flags], check=True, timeout=110)
    (packages,) = folder.glob("lib/python*/site-packages")
    theirs = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "needed.pth").write_text("\n".join(theirs) + "\n")
    return folder / "bin"


@pytest.mark.timeout(600)
def test_a_new_environment_plays_learns_and_keeps_its_machine_code(
    installed: Path, tmp_path: Path
) -> None:
    mazemesh = str(installed / "mazemesh")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment[PARENT_VARIABLE] = str(os.getpid())
    base = free_block(len(SERVICES)).start
    summary = tmp_path / "summary.json"
    flags = ["--game", "solo", "--games", "64", "--plain", "--learner=--tracking=none"]
    flags += ["--port-base", str(base), "--data-dir", "data", "--summary", str(summary)]

    def doctor() -> dict[str, str]:
        done = subprocess.run(
            [mazemesh, "doctor", "--game", "solo", "--json", "--port-base", str(base)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=110,
            check=True,
        )
        return {one["check"]: one["detail"] for one in json.loads(done.stdout)["findings"]}

    found = doctor()
    assert str(installed.parent) in found["mazemesh"]
    assert "of solo is made at its first start" in found["machine code"]
    with (
        subprocess.Popen(
            [mazemesh, "up", *flags],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        Mesh(Addresses.local(port_base=base)) as mesh,
    ):
        up = Up(process, mesh, summary)
        try:
            up.until(lambda: mesh.model.describe("solo").version >= 2, 400.0)
            told = up.stop()
        finally:
            process.kill()
    assert "compiling the games, once, about 15 s" in up.lines
    assert told["games_finished"] > 0
    assert told["restarts"] == 0
    assert "of solo is there" in doctor()["machine code"]
