"""An MLflow model registry, through mlflow's client.

A policy is a registered model of its name; a version is a model version with a run of its own in
the experiment `mazemesh-policies`, whose artifact `model` is the file in MLflow's ONNX flavour.
MLflow counts versions by itself, so ours is a tag of its: `mazemesh.policy` is `race:41`. Each call
may be made again: what is there by its tags is found and not made anew.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

EXPERIMENT: Final = "mazemesh-policies"
TRAINING: Final = "mazemesh"
"""The experiment that learners are tracked in (`learner.record`)."""

POLICY: Final = "mazemesh.policy"
SHA256: Final = "mazemesh.sha256"
TRAINING_RUN: Final = "mazemesh.run_id"
_MODEL: Final = "model"
_MOST_FIGURES: Final = 100
_REFUSALS: Final = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "FEATURE_DISABLED")

Told = Mapping[str, Any]
"""A version: `policy`, `name`, `sha256`, `tags` and `params` (texts), `metrics` (numbers),
`description`, `run_id`, `version`."""


def is_refusal(error: Exception) -> bool:
    """Whether the same request would fail again and again."""
    return str(getattr(error, "error_code", "")) in _REFUSALS


class MlflowRegistry:
    """Belongs to one process and one thread.

    Args:
        uri: Of a server, or `sqlite:///` and a file.
        artifacts: Where a database that is no server keeps files, as a URI.
    """

    def __init__(self, uri: str, artifacts: str) -> None:
        # Who asked tries again by itself.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        import mlflow

        # Artifacts by `runs:/` and `mlflow-artifacts:/` are looked for there.
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        self._client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._artifacts = artifacts if uri.startswith("sqlite:") else None

    def keep(self, told: Told, file: bytes) -> int:
        """Has the version there, with tags as they are now; its number there, 0: there is none.

        Without a file nothing new is made.
        """
        client, name = self._client, str(told["name"])
        known = self._find(told)
        if known is not None:
            number = str(known.version)
            for key, value in told["tags"].items():
                if known.tags.get(key) != value:
                    client.set_model_version_tag(name, number, key, value)
            return int(number)
        if not file:
            return 0
        self._make_model(name)
        run = self._run_with(told, file)
        made = client.create_model_version(
            name,
            f"{run.info.artifact_uri}/{_MODEL}",
            run_id=run.info.run_id,
            tags=dict(told["tags"]),
            description=str(told["description"]),
        )
        return int(made.version)

    def number(self, told: Told) -> int:
        """MLflow's number of a version; 0: it is not there."""
        known = self._find(told)
        return 0 if known is None else int(known.version)

    def point(self, name: str, alias: str, told: Told) -> None:
        """Has an alias point to a version, which is there."""
        known = self._find(told)
        if known is not None:
            self._client.set_registered_model_alias(name, alias, str(known.version))

    def _find(self, told: Told) -> Any:
        wanted = f"name='{told['name']}' and tags.`{POLICY}`='{told['policy']}'"
        found = self._client.search_model_versions(wanted)
        same = (one for one in found if one.tags.get(SHA256) == told["sha256"])
        return next(same, None)

    def _make_model(self, name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(
                name, tags={"mazemesh": "true"}, description=f"Policy {name} of a mazemesh."
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _run_with(self, told: Told, file: bytes) -> Any:
        """The run of a version, with its parameters, figures and file; there is one for each."""
        from mlflow.entities import Metric, Param

        client = self._client
        experiment = self._experiment()
        wanted = f"tags.`{POLICY}`='{told['policy']}' and tags.`{SHA256}`='{told['sha256']}'"
        found = client.search_runs([experiment], wanted, max_results=1)
        tags = {POLICY: str(told["policy"]), SHA256: str(told["sha256"])}
        training = self._training_run(str(told["run_id"]))
        if training is not None:
            tags["mlflow.parentRunId"] = training.info.run_id
        name = str(told["policy"])
        run = found[0] if found else client.create_run(experiment, tags=tags, run_name=name)
        now = round(time.time() * 1000)
        figures = {**self._figures(training, int(told["version"])), **told["metrics"]}
        metrics = [Metric(key, float(value), now, 0) for key, value in figures.items()]
        params = [Param(key, str(value)[:500]) for key, value in told["params"].items()]
        client.log_batch(run.info.run_id, metrics=metrics, params=params)
        with tempfile.TemporaryDirectory(prefix="mazemesh-mirror-") as folder:
            _save(file, Path(folder) / _MODEL)
            client.log_artifacts(run.info.run_id, str(Path(folder) / _MODEL), _MODEL)
        client.set_terminated(run.info.run_id)
        return run

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(EXPERIMENT, self._artifacts))

    def _training_run(self, run_id: str) -> Any:
        """The run that a learner is tracked in, if it is, there."""
        experiment = self._client.get_experiment_by_name(TRAINING) if run_id else None
        if experiment is None or "'" in run_id:
            return None
        wanted = f"tags.`{TRAINING_RUN}`='{run_id}'"
        return next(iter(self._client.search_runs([experiment.experiment_id], wanted)), None)

    def _figures(self, training: Any, version: int) -> dict[str, float]:
        """Figures of the training as they were when it published a version."""
        if training is None or "version" not in training.data.metrics:
            return {}
        run_id = training.info.run_id
        steps = [
            one.step
            for one in self._client.get_metric_history(run_id, "version")
            if one.value <= version
        ]
        if not steps:
            return {}
        last = max(steps)
        found = {}
        for name in sorted(training.data.metrics)[:_MOST_FIGURES]:
            history = self._client.get_metric_history(run_id, name)
            before = [(one.step, one.value) for one in history if one.step <= last]
            if before:
                found[f"training.{name}"] = max(before)[1]
        return found


def _save(file: bytes, folder: Path) -> None:
    """MLflow's ONNX flavour of a file that was validated, with what it takes and gives."""
    import mlflow.onnx
    import onnx
    import onnxruntime

    model = onnx.load_model_from_string(file)
    mlflow.onnx.save_model(
        model,
        str(folder),
        signature=_signature(model),
        pip_requirements=[f"onnx=={onnx.__version__}", f"onnxruntime=={onnxruntime.__version__}"],
        onnx_execution_providers=["CPUExecutionProvider"],
        save_as_external_data=False,
    )


def _signature(model: Any) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema

    return ModelSignature(
        inputs=Schema(list(_columns(model.graph.input))),
        outputs=Schema(list(_columns(model.graph.output))),
    )


def _columns(values: Iterable[Any]) -> Any:
    import numpy as np
    from mlflow.types import TensorSpec
    from onnx import helper

    for one in values:
        kind = one.type.tensor_type
        shape = [size.dim_value or -1 for size in kind.shape.dim]
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
        yield TensorSpec(dtype, tuple(shape) or (-1,), one.name)
