"""What of a run's record reaches its tracking, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from learner.record.destinations.destination import flatten, tracking_uris
from learner.record.destinations.forwarding import forward
from learner.record.destinations.mlflow_destination import MLflow
from learner.record.destinations.tracking import Tracking
from learner.record.journal import Journal, run_id_of
from learner.record.lineage import SNAPSHOTS, Lineage, read_snapshots
from mazemesh.v1.model_pb2 import PolicyVersion
from tests.unit.learner.fakes import tiny_run


class FakeTarget:
    """Keeps what it is sent; fails on call number `fail_at`."""

    def __init__(self, fail_at: int = 0) -> None:
        self.runs: list[Mapping[str, Any]] = []
        self.lines: list[Mapping[str, float]] = []
        self.files: dict[str, bytes | None] = {}
        self.lineage: Sequence[Mapping[str, Any]] = []
        self._fail_at, self._calls = fail_at, 0

    def begin(self, description: Mapping[str, Any]) -> str:
        self.runs.append(description)
        return f"run-{len(self.runs)}"

    def send(self, run_id: str, lines: Sequence[Mapping[str, float]]) -> None:
        self._call()
        self.lines += lines

    def keep(self, run_id: str, snapshots: Sequence[Mapping[str, Any]], data: bytes | None) -> None:
        self._call()
        self.files[snapshots[-1]["policy"]] = data
        self.lineage = snapshots

    def steps(self) -> list[float]:
        return [line["agent_steps"] for line in self.lines]

    def _call(self) -> None:
        self._calls += 1
        if self._calls == self._fail_at:
            raise ConnectionError("server away")


def written(folder: Path, lines: int, *, resuming: bool = False) -> Journal:
    journal = Journal(folder, tiny_run(), run_id_of(folder, resuming=resuming))
    for index in range(lines):
        journal.add({"loss": index})
        journal.write({"agent_steps": index, "version": index + 1})
    journal.close()
    return journal


def snapshots(folder: Path, *versions: int) -> None:
    lineage = Lineage(folder)
    for version in versions:
        published = PolicyVersion(name="solo", version=version, sha256=f"hash of {version}")
        lineage.add(published, training_step=10 * version, agent_steps=version)


def test_forwards_each_line_once(tmp_path: Path) -> None:
    target = FakeTarget()
    written(tmp_path, 100)
    assert forward(tmp_path, "uri", target) == 100
    assert forward(tmp_path, "uri", target) == 0
    written(tmp_path, 3, resuming=True)
    assert forward(tmp_path, "uri", target) == 3
    assert target.steps() == [*range(100), 0, 1, 2]
    assert len(target.runs) == 1
    assert target.runs[0]["policy"] == "solo"


def test_an_absent_server_loses_nothing(tmp_path: Path) -> None:
    target = FakeTarget(fail_at=2)
    written(tmp_path, 100)
    with pytest.raises(ConnectionError):
        forward(tmp_path, "uri", target)
    assert 0 < len(target.lines) < 100
    forward(tmp_path, "uri", target)
    assert target.steps() == list(range(100))


def test_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    target = FakeTarget()
    written(tmp_path, 2)
    with (tmp_path / "metrics.jsonl").open("a") as journal:
        journal.write('{"agent_st')
    assert forward(tmp_path, "uri", target) == 2
    with (tmp_path / "metrics.jsonl").open("a") as journal:
        journal.write('eps": 7}\n')
    assert forward(tmp_path, "uri", target) == 1
    assert target.steps() == [0, 1, 7]


def test_what_a_kill_left_of_a_line_holds_up_nothing(tmp_path: Path) -> None:
    target = FakeTarget()
    written(tmp_path, 2)
    with (tmp_path / "metrics.jsonl").open("a") as journal:
        journal.write('{"agent_st')
    written(tmp_path, 3, resuming=True)
    assert forward(tmp_path, "uri", target) == 5
    assert target.steps() == [0, 1, 0, 1, 2]


def test_another_server_gets_everything(tmp_path: Path) -> None:
    written(tmp_path, 4)
    forward(tmp_path, "one", FakeTarget())
    other = FakeTarget()
    assert forward(tmp_path, "two", other) == 4


def test_snapshots_come_with_their_files_and_lineage(tmp_path: Path) -> None:
    target = FakeTarget()
    written(tmp_path, 1)
    snapshots(tmp_path, 1, 4)
    forward(tmp_path, "uri", target, fetch=lambda policy: policy.encode())
    snapshots(tmp_path, 9)
    gone: dict[str, bytes] = {}
    forward(tmp_path, "uri", target, fetch=gone.get)
    assert target.files == {"solo:1": b"solo:1", "solo:4": b"solo:4", "solo:9": None}
    assert [one["parent"] for one in target.lineage] == [None, "solo:1", "solo:4"]
    assert target.lineage[2]["sha256"] == "hash of 9"


def test_model_away_delays_files_but_no_figures(tmp_path: Path) -> None:
    def away(policy: str) -> bytes:
        raise ConnectionError("model away")

    target = FakeTarget()
    written(tmp_path, 3)
    snapshots(tmp_path, 1, 2)
    with pytest.raises(ConnectionError):
        forward(tmp_path, "uri", target, fetch=away)
    assert target.steps() == [0, 1, 2]
    forward(tmp_path, "uri", target, fetch=lambda policy: b"file")
    assert list(target.files) == ["solo:1", "solo:2"]
    assert target.steps() == [0, 1, 2]


def test_a_torn_line_of_the_lineage_is_left_out(tmp_path: Path) -> None:
    snapshots(tmp_path, 1)
    with (tmp_path / SNAPSHOTS).open("a") as file:
        file.write('{"pol')
    snapshots(tmp_path, 2)
    found = read_snapshots(tmp_path / SNAPSHOTS)
    assert [one["policy"] for one in found] == ["solo:1", "solo:2"]
    assert found[1]["parent"] == "solo:1"


def test_success_comes_from_the_evaluators_once(tmp_path: Path) -> None:
    log, target = tmp_path / "evaluator-0.log", FakeTarget()

    def probed(version: int, rate: float) -> None:
        line = {"event": "snapshot probed", "policy": f"solo:{version}", "success_rate": rate}
        with log.open("a") as file:
            file.write(json.dumps(line) + "\n")

    written(tmp_path, 5)
    probed(2, 0.25)
    forward(tmp_path, "uri", target, logs=[log])
    forward(tmp_path, "uri", target, logs=[log])
    probed(4, 0.5)
    forward(tmp_path, "uri", target, logs=[log])
    rates = [line for line in target.lines if "success_rate" in line]
    assert [(one["agent_steps"], one["success_rate"]) for one in rates] == [(1, 0.25), (3, 0.5)]


@pytest.mark.slow
def test_arrives_in_a_local_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    written(tmp_path, 3)
    snapshots(tmp_path, 1)
    (uri,) = tracking_uris("local", tmp_path)
    assert uri is not None
    (tmp_path / "mlflow").mkdir()
    target = MLflow(uri, (tmp_path / "artifacts").as_uri())
    forward(tmp_path, uri, target, fetch=lambda policy: b"onnx")
    # Killed before it could remember: everything is sent again, and nothing is there twice.
    (tmp_path / "mlflow.json").unlink()
    forward(tmp_path, uri, target, fetch=lambda policy: b"onnx")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("mazemesh")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["game"] == "solo"
    assert run.data.params["config.epochs"] == str(tiny_run().description["config"]["epochs"])
    assert run.data.tags["mazemesh.newest_snapshot"] == "solo:1"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    (stored,) = (tmp_path / "artifacts").rglob("solo-1.onnx")
    assert stored.read_bytes() == b"onnx"
    (lineage,) = (tmp_path / "artifacts").rglob("lineage.json")
    assert json.loads(lineage.read_text())[0]["sha256"] == "hash of 1"


def test_tracking_that_is_off_starts_nothing(tmp_path: Path) -> None:
    assert tracking_uris("none", tmp_path) == ()
    with Tracking("none", tmp_path, tmp_path, "127.0.0.1:1", start_seconds=0.0):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_run_that_ends_soon_is_tracked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learner.record.destinations.tracking.FINISH_SECONDS", 300.0)
    run = tmp_path / "run"
    written(run, 3)
    with Tracking("local", tmp_path, run, "127.0.0.1:1", start_seconds=1000.0) as tracking:
        tracking.finish()
    state = json.loads((run / "mlflow.json").read_text())
    assert state["offset"] == (run / "metrics.jsonl").stat().st_size


def test_flatten_joins_names() -> None:
    assert flatten({"a": 1, "b": {"c": 2, "d": {"e": 3}}}) == {"a": 1, "b.c": 2, "b.d.e": 3}
