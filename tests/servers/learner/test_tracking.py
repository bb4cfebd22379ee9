"""A run is tracked through the outage of a real MLflow server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from learner.record.destinations.tracking import Tracking
from learner.record.journal import Journal, run_id_of
from mazemesh.process.ports import free_block
from tests.servers.mlflow_server import mlflow_server
from tests.unit.learner.fakes import tiny_run

PATIENCE = 100.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def test_an_outage_of_the_server_loses_nothing_and_holds_up_nothing(tmp_path: Path) -> None:
    run, store, port = tmp_path / "run", tmp_path / "mlflow", free_block(1).start
    journal = Journal(run, tiny_run(), run_id_of(run, resuming=False))
    steps = iter(range(1000))

    def write(count: int) -> None:
        for _ in range(count):
            step = next(steps)
            journal.add({"loss": step / 2})
            journal.write({"agent_steps": step, "version": step + 1})

    def sent() -> int:
        state = run / "mlflow.json"
        return state.read_text().count('"offset": ' + str((run / "metrics.jsonl").stat().st_size))

    uri = f"http://127.0.0.1:{port}"
    # Begins while there is no server yet.
    write(3)
    often = {"start_seconds": 0.0, "longest_retry": 1.0}
    with Tracking(uri, tmp_path, run, "127.0.0.1:1", **often):
        with mlflow_server(store, port):
            wait_for(lambda: (run / "mlflow.json").exists() and sent() == 1, "the first lines")
        began = time.monotonic()
        write(120)
        assert time.monotonic() - began < 60.0
        with mlflow_server(store, port):
            wait_for(lambda: sent() == 1, "the lines of the outage")
    journal.close()

    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("mazemesh")
    (tracked,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(tracked.info.run_id, "loss")
    found = sorted((metric.step, metric.value) for metric in history)
    assert found == [(step, step / 2) for step in range(123)]
    assert tracked.data.params["algorithm"] == "ppo"
