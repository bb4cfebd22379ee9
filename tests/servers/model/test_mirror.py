"""The registry is mirrored to a real MLflow server, through its outage and our restart."""

from __future__ import annotations

import os
import urllib.request
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from services.model.mirror import mirroring
from tests.onnx_policies import Network
from tests.ports import free_port
from tests.servers.mlflow_server import mlflow_server
from tests.servers.model_policies import publish
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import eventually

PATIENCE = 200.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(700)]


def mirrored(model: RunningModel) -> bool:
    return model.metric("mirror_sent_total") > 0 and not model.metric("mirror_waiting")


def test_an_outage_and_a_restart_delay_the_mirror_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "LONGEST_RETRY_SECONDS", 1.0)
    port = free_port()
    settings = {"mlflow_registry_uri": f"http://127.0.0.1:{port}"}
    # There is no server yet: publishing and promoting go on, and the outbox is on disk.
    with running_model(tmp_path / "mesh", **settings) as model:
        said = {"run_id": "run-7", "training_step": 40, "metadata": {"agent_steps": "5000"}}
        publish(model.client, seed=0, snapshot=True, **said)
        publish(model.client, seed=1)
        publish(model.client, seed=2, variants=["POLICY_VARIANT_INT8"])
        model.client.set_alias("race", "champion", 3, 0, reason="better")
    with running_model(tmp_path / "mesh", **settings) as model:
        eventually(lambda: model.metric("mirror_failures_total") > 0, PATIENCE)
        eventually(lambda: model.metric("mirror_waiting") == 2, PATIENCE)
        with mlflow_server(tmp_path / "mlflow", port) as uri:
            eventually(lambda: mirrored(model), PATIENCE)
            moved = publish(model.client, seed=3, snapshot=True)
            alias = model.client.alias("race", "champion")
            assert alias is not None
            model.client.set_alias("race", "champion", moved.version, alias.alias.revision)
            eventually(lambda: model.metric("mirror_sent_total") >= 4, PATIENCE)
            _check(uri)


def _check(uri: str) -> None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow
    import mlflow.onnx

    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    found = {
        one.tags["mazemesh.policy"]: one for one in client.search_model_versions("name='race'")
    }
    assert set(found) == {"race:1", "race:3", "race:4"}  # 2 acted for a moment
    assert found["race:1"].tags["mazemesh.state"] == "ready"
    champion = client.get_model_version_by_alias("race", "champion")
    assert champion.tags["mazemesh.policy"] == "race:4"
    told = client.get_run(found["race:1"].run_id).data
    assert told.metrics["training_step"] == 40
    assert told.metrics["agent_steps"] == 5000
    assert told.metrics["check.size"] > 0
    assert told.params["run_id"] == "run-7"
    variant = client.get_run(found["race:3"].run_id).data.metrics
    assert 0 < variant["variant.int8.largest_difference"] < 0.25
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        model = mlflow.onnx.load_model("models:/race@champion")
        first = mlflow.onnx.load_model(f"models:/race/{found['race:1'].version}")
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])
    assert model.SerializeToString() == Network(seed=3).file()
    session = ort.InferenceSession(first.SerializeToString())
    seen = np.arange(12, dtype=np.uint8)[None]
    mask = np.ones((1, 5), np.uint8)
    (logits,) = session.run(["logits"], {"observation": seen, "action_mask": mask})
    np.testing.assert_allclose(logits, Network(seed=0).answer(seen, mask)[0], atol=1e-5)
    # What its pages ask for.
    page = f"{uri}/api/2.0/mlflow/registered-models/get?name=race"
    with urllib.request.urlopen(page, timeout=60) as answer:
        assert b'"champion"' in answer.read()
