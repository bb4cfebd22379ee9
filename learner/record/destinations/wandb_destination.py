"""Weights & Biases, as the forwarder uses it.

Where it is, and who one is there, the user's environment says: WANDB_API_KEY, WANDB_BASE_URL, or
WANDB_MODE=offline, whose files `wandb sync` sends later. What is sent again after a failure has the
same agent steps, over which all figures are drawn.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learner.record.destinations.destination import Lines, flatten

if TYPE_CHECKING:
    from wandb import Run


class WeightsAndBiases:
    """A project, PROJECT or ENTITY/PROJECT.

    Args:
        project: Where runs go.
        folder: For what the library keeps on disk.
    """

    def __init__(self, project: str, folder: Path) -> None:
        # Failures of the library are told in the learner's log, and to nobody else.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR"):
            os.environ.setdefault(name, str(folder / "files"))
        import wandb

        self._wandb = wandb
        entity, _, name = project.rpartition("/")
        self._entity, self._project = entity or None, name
        self._folder = folder
        self._run: Run | None = None
        self._description: Mapping[str, Any] | None = None

    def begin(self, description: Mapping[str, Any]) -> str:
        """A run by the run's own id, named for the policy, with the settings as its config."""
        self._description = description
        run_id = str(description["run_id"])
        self._opened(run_id)
        return run_id

    def send(self, run_id: str, lines: Lines) -> None:
        """All figures are drawn over agent steps."""
        run = self._opened(run_id)
        for line in lines:
            figures = {name: value for name, value in line.items() if name != "time"}
            run.log({**figures, "_timestamp": line["time"]})

    def keep(self, run_id: str, snapshots: Sequence[Mapping[str, Any]], data: bytes | None) -> None:
        """As an artifact of type "model", whose metadata has the snapshot's lineage."""
        run, newest = self._opened(run_id), snapshots[-1]
        name, _, version = str(newest["policy"]).partition(":")
        run.summary["newest_snapshot"] = str(newest["policy"])
        if data is None:
            return
        artifact = self._wandb.Artifact(name, type="model", metadata=dict(newest))
        with tempfile.TemporaryDirectory(prefix="mazemesh-") as folder:
            file = Path(folder) / f"{name}-{version}.onnx"
            file.write_bytes(data)
            artifact.add_file(str(file))
            logged = run.log_artifact(artifact, aliases=[f"version-{version}"])
            if not run.offline:
                logged.wait(60)

    def close(self) -> None:
        """Waits until all of it was sent, or written."""
        if self._run is not None:
            self._run.finish()

    def _opened(self, run_id: str) -> Run:
        if self._run is None:
            about = self._description
            self._run = self._wandb.init(
                project=self._project,
                entity=self._entity,
                id=run_id,
                name=None if about is None else str(about["policy"]),
                config=None if about is None else flatten(about),
                resume="allow",
                dir=str(self._folder),
                settings=self._wandb.Settings(
                    silent=True,
                    console="off",
                    # Of the run is told what its own record says, not what this process is.
                    disable_code=True,
                    disable_git=True,
                    save_code=False,
                    x_disable_machine_info=True,
                    x_disable_meta=True,
                    x_disable_stats=True,
                    x_save_requirements=False,
                    init_timeout=20.0,
                ),
            )
            self._run.define_metric("*", step_metric="agent_steps")
        return self._run
