"""DeepMind Reverb beside Replay: a script that is run in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.replay.load import Cell

PACKAGE = "dm-reverb[tensorflow]==0.14.0"
# TensorFlow of that time still imports pkg_resources.
NEEDS = ("setuptools<81",)


@dataclass(frozen=True)
class Reverb:
    """A Python that has Reverb."""

    python: Path
    seconds: float

    @classmethod
    def installed(cls, seconds: float) -> Reverb:
        """Makes the environment at the first use, in the user's cache folder."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = cache / "mazemesh-bench" / "reverb-0.14.0"
        python = folder / "bin" / "python"
        done = folder / "installed"
        if not done.exists():
            sys.stderr.write(f"installing {PACKAGE} into {folder}\n")
            venv.create(folder, with_pip=True, clear=True)
            pip = [python, "-m", "pip", "install", "--quiet", PACKAGE, *NEEDS]
            subprocess.run(pip, check=True, stdout=sys.stderr)
            done.touch()
        return cls(python, seconds)

    def measure(self, cell: Cell) -> dict[str, Any]:
        """Items a second under the same load, and bytes of memory an item."""
        script = Path(__file__).parents[1] / "peers" / "reverb.py"
        what = {
            "operation": cell.operation,
            "row_bytes": cell.shape.row_bytes,
            "batch": cell.shape.batch,
            "capacity": cell.shape.capacity,
            "writers": cell.writers,
            "readers": cell.readers,
            "seconds": self.seconds,
        }
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(
            [self.python, script, json.dumps(what)],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=120,
        )
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


def no_peer(cell: Cell) -> None:
    """For a run without a peer."""
