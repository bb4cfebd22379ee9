"""Forwards a run's journal to MLflow: `python -m learner.mlflow_forwarder`, started by `tracking`.

Reads `metrics.jsonl` from where it stopped the last time, which `mlflow.json` remembers together
with the MLflow run, and sends the new lines. Ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from learner.journal import DESCRIPTION, METRICS

POLL_SECONDS = 5.0
RETRY_SECONDS = 30.0
BATCH_LINES = 40  # MLflow takes at most 1,000 metrics a call
EXPERIMENT = "mazemesh"


@dataclass
class Progress:
    """What was sent: the MLflow run, and the bytes of the journal it has."""

    uri: str
    run_id: str
    offset: int


class Target(Protocol):
    """MLflow, as the forwarder uses it."""

    def begin(self, description: dict[str, Any]) -> str:
        """Makes a run with the description as parameters; its id."""
        ...

    def send(self, run_id: str, lines: list[dict[str, float]]) -> None:
        """Logs journal lines."""
        ...


class MLflow:
    """A tracking server or database, through mlflow's client."""

    def __init__(self, uri: str, artifacts: str) -> None:
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient(tracking_uri=uri)
        # A server keeps artifacts where it wants; a local database has to be told.
        self._artifacts = artifacts if uri.startswith("sqlite:") else None

    def begin(self, description: dict[str, Any]) -> str:
        """Makes a run in the experiment "mazemesh"."""
        from mlflow.entities import Param

        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        experiment_id = (
            experiment.experiment_id
            if experiment is not None
            else self._client.create_experiment(EXPERIMENT, self._artifacts)
        )
        run = self._client.create_run(experiment_id, run_name=str(description["policy"]))
        params = [Param(name, str(value)) for name, value in flatten(description).items()]
        self._client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)

    def send(self, run_id: str, lines: list[dict[str, float]]) -> None:
        """One call; the step of a metric is the agent steps of its line."""
        from mlflow.entities import Metric

        metrics = [
            Metric(name, float(value), round(line["time"] * 1000), int(line["agent_steps"]))
            for line in lines
            for name, value in line.items()
            if name not in ("time", "agent_steps")
        ]
        self._client.log_batch(run_id, metrics=metrics)


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def forward(folder: Path, uri: str, target: Target) -> int:
    """Sends the lines that are new; how many that were.

    What was sent is remembered after each call, so that a failure repeats one call at most.
    """
    state = folder / "mlflow.json"
    progress = Progress(**json.loads(state.read_text())) if state.exists() else None
    if progress is None or progress.uri != uri:
        description = json.loads((folder / DESCRIPTION).read_text())
        progress = Progress(uri, target.begin(description), 0)
        _remember(state, progress)
    sent = 0
    with (folder / METRICS).open("rb") as journal:
        journal.seek(progress.offset)
        while batch := [line for line in (journal.readline() for _ in range(BATCH_LINES)) if line]:
            if not batch[-1].endswith(b"\n"):
                batch.pop()  # still being written
            if not batch:
                break
            target.send(progress.run_id, [json.loads(line) for line in batch])
            progress.offset += sum(map(len, batch))
            journal.seek(progress.offset)
            _remember(state, progress)
            sent += len(batch)
    return sent


def _remember(state: Path, progress: Progress) -> None:
    unfinished = state.with_suffix(".tmp")
    unfinished.write_text(json.dumps(asdict(progress)))
    unfinished.replace(state)


def main() -> None:
    """Forwards every few seconds; a failure is told once and tried again later."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--uri", required=True)
    parser.add_argument("--artifacts", required=True)
    options = parser.parse_args()
    os.nice(10)
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    target: Target | None = None
    failing = False
    while True:
        last = ended.is_set()
        try:
            target = target or MLflow(options.uri, options.artifacts)
            forward(options.folder, options.uri, target)
            failing = False
        except Exception as error:
            if not failing:
                sys.stderr.write(f"mlflow at {options.uri} takes no metrics: {error}\n")
            failing = True
        if last:
            return
        ended.wait(RETRY_SECONDS if failing else POLL_SECONDS)


if __name__ == "__main__":
    main()
