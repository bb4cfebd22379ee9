"""`mazemesh.train` as a user calls it: a script without a main guard, and a mesh that runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mazemesh
from mazemesh.errors import Unavailable
from mazemesh.process.parent import PARENT_VARIABLE

ROOT = Path(__file__).parents[3]
QUIET = {"tracking": "none", "width": 5, "height": 5}

pytestmark = pytest.mark.timeout(240)


def test_the_readmes_lines_train_a_policy(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (lines,) = [block for block in blocks if "mazemesh.train(" in block]
    script = tmp_path / "mine.py"
    script.write_text(f"{lines}\nprint(policy.reference, run.progress.agent_steps)\n")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, PARENT_VARIABLE: str(os.getpid()), "MAZEMESH_LEARNER_TRACKING": "none"},
    )
    assert done.returncode == 0, done.stderr
    *shown, last = done.stdout.splitlines()
    reference, steps = last.split()
    assert reference.startswith("solo:")
    assert int(steps) >= 60_000
    assert int(shown[-1].split()[0]) == int(steps)
    assert (tmp_path / ".mazemesh" / "learner" / "solo" / "finished").exists()
    assert not (tmp_path / ".mazemesh" / "mesh.json").exists()


def test_a_run_on_a_mesh_that_runs_uses_it_and_what_a_callback_raises_ends_its_own(
    tmp_path: Path,
) -> None:
    begun = threading.Event()
    told = {"data_dir": tmp_path / "mesh", **QUIET}
    with mazemesh.train(
        "solo", evaluators=0, games=32, callbacks=lambda progress: begun.set(), **told
    ) as first:
        assert begun.wait(120)
        with first.mesh() as mesh:
            assert mesh.model.describe("solo").version >= 1

        def fail(progress: mazemesh.Progress) -> None:
            raise ZeroDivisionError(progress.policy)

        second = mazemesh.train("solo", policy="second", games=32, callbacks=fail, **told)
        with pytest.raises(ZeroDivisionError, match="second"):
            second.wait(120)
        policy = first.policy("second")
        assert policy.reference.startswith("second:")
        # Whoever asks for what is trained there follows it, and stops nothing.
        followed = mazemesh.train("solo", **told)
        assert followed.policies == ("solo",)
        followed.stop()
        assert first.running
    assert first.progress is not None
    with pytest.raises(Unavailable):
        first.mesh()
    policy = first.policy()  # by the registry alone
    assert policy.version >= first.progress.version
