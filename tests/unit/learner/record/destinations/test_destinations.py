"""TensorBoard's event files and W&B's offline runs, read by their own libraries."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from learner.record.destinations.destination import kind_of, tracking_uris
from learner.record.destinations.forwarding import forward
from learner.record.destinations.opening import open_destination
from learner.record.destinations.tracking import Tracking
from learner.record.journal import Journal, run_id_of
from learner.record.lineage import Lineage
from mazemesh.v1.model_pb2 import PolicyVersion
from tests.unit.learner.fakes import tiny_run


def written(folder: Path, lines: int, *, resuming: bool = False) -> None:
    journal = Journal(folder, tiny_run(), run_id_of(folder, resuming=resuming))
    for index in range(lines):
        journal.add({"loss": index})
        journal.write({"agent_steps": 10 * index, "version": index + 1})
    journal.close()


def snapshot(folder: Path, version: int) -> None:
    published = PolicyVersion(name="solo", version=version, sha256=f"hash of {version}")
    Lineage(folder).add(published, training_step=10 * version, agent_steps=version)


def test_the_setting_is_a_list() -> None:
    folder = Path("/data")
    assert tracking_uris("local", folder) == ("sqlite:////data/mlflow/mlflow.db",)
    assert tracking_uris("none", folder) == tracking_uris("", folder) == ()
    several = "local, tensorboard,wandb:me/mazes,wandb,http://mlflow:5000,tensorboard"
    uris = tracking_uris(several, folder)
    assert uris[1:] == (
        "tensorboard:/data/tensorboard",
        "wandb:me/mazes",
        "wandb:mazemesh",
        "http://mlflow:5000",
    )
    assert [kind_of(uri) for uri in uris] == ["mlflow", "tensorboard", "wandb", "wandb", "mlflow"]


def test_event_files(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run, uri = tmp_path / "run", f"tensorboard:{tmp_path / 'tensorboard'}"
    written(run, 3)
    snapshot(run, 1)
    target = open_destination(uri, "")
    assert forward(run, uri, target, fetch=lambda policy: b"onnx") == 3
    target.close()
    written(run, 2, resuming=True)  # a learner that was started again, and a forwarder of its own
    target = open_destination(uri, "")
    assert forward(run, uri, target) == 2
    target.close()
    (folder,) = (tmp_path / "tensorboard").iterdir()
    assert folder.name.startswith("solo-")
    found = EventAccumulator(str(folder)).Reload()
    assert [(one.step, one.value) for one in found.Scalars("loss")] == [
        *((0, 0.0), (10, 1.0), (20, 2.0)),
        *((0, 0.0), (10, 1.0)),
    ]
    times = [json.loads(line)["time"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [one.wall_time for one in found.Scalars("loss")] == pytest.approx(times)
    (settings,) = found.Tensors("settings/text_summary")
    assert b"| game | solo |" in settings.tensor_proto.string_val[0]
    (lineage,) = found.Tensors("lineage/text_summary")
    assert b"hash of 1" in lineage.tensor_proto.string_val[0]
    assert (folder / "policies" / "solo-1.onnx").read_bytes() == b"onnx"


_BLOCK, _HEADER = 32_768, struct.Struct("<IHB")
_WHOLE, _FIRST, _LAST = 1, 2, 4


def log_records(data: bytes) -> Iterator[bytes]:
    """Records of a log in LevelDB's format, after W&B's header of seven bytes."""
    assert data.startswith(b":W&B")
    at, record = 7, b""
    while at + _HEADER.size <= len(data):
        if _BLOCK - at % _BLOCK < _HEADER.size:
            at += _BLOCK - at % _BLOCK
        _, length, kind = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        part, at = data[at : at + length], at + length
        record = part if kind in (_WHOLE, _FIRST) else record + part
        if kind in (_WHOLE, _LAST):
            yield record


def offline_records(folder: Path) -> list[Any]:
    """Records of all offline runs of a folder."""
    from wandb.proto import wandb_internal_pb2

    found = []
    for file in sorted(folder.glob("wandb/offline-run-*/*.wandb")):
        for data in log_records(file.read_bytes()):
            found.append(wandb_internal_pb2.Record())
            found[-1].ParseFromString(data)
    return found


FORWARD = """
import sys
from pathlib import Path
from learner.record.destinations.opening import open_destination
from learner.record.destinations.forwarding import forward
run, data = sys.argv[1:]
target = open_destination("wandb:mazes", data)
forward(Path(run), "wandb:mazes", target, fetch=lambda policy: b"onnx")
target.close()
"""


@pytest.mark.slow
def test_an_offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR"):
        monkeypatch.delenv(name, raising=False)
    run, data = tmp_path / "run", tmp_path / "wandb"
    written(run, 3)
    snapshot(run, 1)
    done = subprocess.run(
        [sys.executable, "-c", FORWARD, str(run), str(data)],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    records = offline_records(data)
    (about,) = (record.run for record in records if record.WhichOneof("record_type") == "run")
    assert about.run_id == json.loads((run / "run.json").read_text())["run_id"]
    assert (about.project, about.display_name) == ("mazes", "solo")
    config = {one.key: json.loads(one.value_json) for one in about.config.update}
    assert config["game"] == "solo"
    history = [
        {one.key or ".".join(one.nested_key): json.loads(one.value_json) for one in item.item}
        for item in (
            record.history for record in records if record.WhichOneof("record_type") == "history"
        )
    ]
    assert [(one["agent_steps"], one["loss"]) for one in history] == [(0, 0), (10, 1), (20, 2)]
    times = [json.loads(line)["time"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [one["_timestamp"] for one in history] == pytest.approx(times)
    kept = [one.artifact for one in records if one.WhichOneof("record_type") == "artifact"]
    (artifact,) = kept
    assert (artifact.name, artifact.type) == ("solo", "model")
    assert set(artifact.aliases) == {"version-1", "latest"}
    state = json.loads((run / "wandb.json").read_text())
    assert state["offset"] == (run / "metrics.jsonl").stat().st_size


@pytest.mark.slow
def test_several_destinations_get_all_of_a_short_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard")
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setattr("learner.record.destinations.tracking.FINISH_SECONDS", 100.0)
    run = tmp_path / "run"
    written(run, 3)
    with Tracking(
        "tensorboard,wandb", tmp_path, run, "127.0.0.1:1", start_seconds=1000.0
    ) as tracking:
        tracking.finish()
    for name in ("tensorboard.json", "wandb.json"):
        state = json.loads((run / name).read_text())
        assert state["offset"] == (run / "metrics.jsonl").stat().st_size
    assert not (run / "mlflow.json").exists()
    assert list((tmp_path / "tensorboard").glob("solo-*/events.*"))
    assert list((tmp_path / "wandb").glob("wandb/offline-run-*"))
