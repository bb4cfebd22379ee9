"""The run's own record, and its way to MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from learner.journal import Journal
from learner.mlflow_forwarder import MLflow, flatten, forward
from learner.schedule import Every
from learner.tracking import Tracking, tracking_uri
from tests.unit.learner.fakes import tiny_run


class FakeTarget:
    """Keeps what it is sent; fails on call number `fail_at`."""

    def __init__(self, fail_at: int = 0) -> None:
        self.runs: list[dict[str, Any]] = []
        self.lines: list[float] = []
        self._fail_at, self._calls = fail_at, 0

    def begin(self, description: dict[str, Any]) -> str:
        self.runs.append(description)
        return f"run-{len(self.runs)}"

    def send(self, run_id: str, lines: list[dict[str, float]]) -> None:
        self._calls += 1
        if self._calls == self._fail_at:
            raise ConnectionError("server away")
        self.lines += [line["agent_steps"] for line in lines]


def written(folder: Path, lines: int, *, resuming: bool = False) -> Journal:
    journal = Journal(folder, tiny_run(), resuming=resuming)
    for index in range(lines):
        journal.add({"loss": index})
        journal.write({"agent_steps": index})
    journal.close()
    return journal


def test_a_line_has_counters_and_means_since_the_last(tmp_path: Path) -> None:
    journal = Journal(tmp_path, tiny_run(), resuming=False)
    for loss in (1.0, 3.0):
        journal.add({"loss": loss})
    assert journal.write({"agent_steps": 5})["loss"] == 2.0
    assert "loss" not in journal.write({"agent_steps": 6})
    journal.close()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["agent_steps"] for line in lines] == [5, 6]


def test_a_resumed_run_keeps_its_id(tmp_path: Path) -> None:
    first = written(tmp_path, 1).run_id
    assert written(tmp_path, 1, resuming=True).run_id == first
    assert written(tmp_path, 1, resuming=False).run_id != first


def test_forwards_each_line_once(tmp_path: Path) -> None:
    target = FakeTarget()
    written(tmp_path, 100)
    assert forward(tmp_path, "uri", target) == 100
    assert forward(tmp_path, "uri", target) == 0
    written(tmp_path, 3, resuming=True)
    assert forward(tmp_path, "uri", target) == 3
    assert target.lines == [*range(100), 0, 1, 2]
    assert len(target.runs) == 1
    assert target.runs[0]["policy"] == "solo"


def test_an_absent_server_loses_nothing(tmp_path: Path) -> None:
    target = FakeTarget(fail_at=2)
    written(tmp_path, 100)
    with pytest.raises(ConnectionError):
        forward(tmp_path, "uri", target)
    assert 0 < len(target.lines) < 100
    forward(tmp_path, "uri", target)
    assert target.lines == list(range(100))


def test_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    target = FakeTarget()
    written(tmp_path, 2)
    with (tmp_path / "metrics.jsonl").open("a") as journal:
        journal.write('{"agent_st')
    assert forward(tmp_path, "uri", target) == 2
    with (tmp_path / "metrics.jsonl").open("a") as journal:
        journal.write('eps": 7}\n')
    assert forward(tmp_path, "uri", target) == 1
    assert target.lines == [0, 1, 7]


def test_another_server_gets_everything(tmp_path: Path) -> None:
    written(tmp_path, 4)
    forward(tmp_path, "one", FakeTarget())
    other = FakeTarget()
    assert forward(tmp_path, "two", other) == 4


@pytest.mark.slow
def test_arrives_in_a_local_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    written(tmp_path, 3)
    uri = tracking_uri("local", tmp_path)
    assert uri is not None
    (tmp_path / "mlflow").mkdir()
    forward(tmp_path, uri, MLflow(uri, (tmp_path / "artifacts").as_uri()))
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("mazemesh")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["game"] == "solo"
    assert run.data.params["config.epochs"] == str(tiny_run().description["config"]["epochs"])
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_tracking_that_is_off_starts_nothing(tmp_path: Path) -> None:
    assert tracking_uri("none", tmp_path) is None
    with Tracking("none", tmp_path, tmp_path, start_seconds=0.0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_flatten_joins_names() -> None:
    assert flatten({"a": 1, "b": {"c": 2, "d": {"e": 3}}}) == {"a": 1, "b.c": 2, "b.d.e": 3}


def test_every_is_due_once_a_period_and_early_when_eager() -> None:
    every = Every(60.0, now=0.0, eager=True)
    due = [time for time in range(200) if every.due(float(time))]
    assert due == [20, 40, 60, 120, 180]


def test_every_does_not_make_up_for_a_pause() -> None:
    every = Every(10.0, now=0.0)
    assert every.due(95.0)
    assert [time for time in range(96, 126) if every.due(float(time))] == [105, 115, 125]
