"""MLflow, as the forwarder uses it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learner.record.destinations.destination import PROJECT, Lines, flatten
from learner.record.destinations.local_tracking import make_database
from mazemesh.sqlite_url import sqlite_file

RUN_TAG = "mazemesh.run_id"

_METRICS_A_CALL = 1_000
"""MLflow takes no more."""


class MLflow:
    """A tracking server or database, through mlflow's client."""

    def __init__(self, uri: str, artifacts: str) -> None:
        # The forwarder tries again by itself, when it has looked whether it should end.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        from mlflow.tracking import MlflowClient

        if (file := sqlite_file(uri)) is not None:
            make_database(file)
        self._client = MlflowClient(tracking_uri=uri)
        # A server keeps artifacts where it wants; a local database has to be told.
        self._artifacts = artifacts if uri.startswith("sqlite:") else None

    def begin(self, description: Mapping[str, Any]) -> str:
        """Makes a run in the experiment "mazemesh", found again by its tag."""
        from mlflow.entities import Param

        experiment = self._client.get_experiment_by_name(PROJECT)
        experiment_id = (
            experiment.experiment_id
            if experiment is not None
            else self._client.create_experiment(PROJECT, self._artifacts)
        )
        own = str(description["run_id"])
        known = self._client.search_runs([experiment_id], f"tags.`{RUN_TAG}` = '{own}'")
        name = str(description["policy"])
        run = (
            known[0]
            if known
            else self._client.create_run(experiment_id, run_name=name, tags={RUN_TAG: own})
        )
        params = [Param(name, str(value)) for name, value in flatten(description).items()]
        if not run.data.params:
            self._client.log_batch(run.info.run_id, params=params)
        return str(run.info.run_id)

    def send(self, run_id: str, lines: Lines) -> None:
        """The step of a metric is the agent steps of its line. Repeated ones are stored once."""
        from mlflow.entities import Metric

        metrics = [
            Metric(name, float(value), round(line["time"] * 1000), int(line["agent_steps"]))
            for line in lines
            for name, value in line.items()
            if name not in ("time", "agent_steps")
        ]
        for start in range(0, len(metrics), _METRICS_A_CALL):
            self._client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_CALL])

    def keep(self, run_id: str, snapshots: Sequence[Mapping[str, Any]], data: bytes | None) -> None:
        """As artifacts policies/NAME-VERSION.onnx and lineage.json, and as a tag."""
        newest = str(snapshots[-1]["policy"])
        with tempfile.TemporaryDirectory(prefix="mazemesh-") as folder:
            if data is not None:
                file = Path(folder) / f"{newest.replace(':', '-')}.onnx"
                file.write_bytes(data)
                self._client.log_artifact(run_id, str(file), "policies")
            lineage = Path(folder) / "lineage.json"
            lineage.write_text(json.dumps(list(snapshots), indent=2) + "\n")
            self._client.log_artifact(run_id, str(lineage))
        self._client.set_tag(run_id, "mazemesh.newest_snapshot", newest)

    def close(self) -> None:
        """See `Destination.close`: every call was answered."""
