"""`mazemesh up` with a torch module of a package of the user's own: trained, published, played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import Up, up, versions
from tests.unit.learner.network.own_package import write_package

pytestmark = pytest.mark.timeout(240)

SIZES = "unroll_length=8,unrolls_per_batch=32,minibatch_size=64"


def weights(mesh: Up, version: int) -> dict[str, np.ndarray]:
    data = mesh.mesh.model.get(f"race:{version}")[1]
    assert data is not None
    return {
        one.name: onnx.numpy_helper.to_array(one)
        for one in onnx.load_from_string(data).graph.initializer
    }


def test_a_module_of_ones_own_is_trained_and_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "packages").mkdir()
    name = write_package(tmp_path / "packages", "somebodys_networks")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    flags = [f"--learner=--network={name}:Planes", "--learner=--hidden=32", "--evaluators", "0"]
    flags += ["--learner=--tracking=none", "--learner=--width=5", "--learner=--height=5"]
    flags += [f"--learner=--hyperparameters={SIZES}"]
    with up(tmp_path / "mesh", free_block(len(SERVICES)).start, *flags) as mesh:
        # What version 3 has learned from was played by actors with its file in onnxruntime.
        mesh.until(lambda: versions(mesh) >= 3)
        first, last = weights(mesh, 1), weights(mesh, 3)
        moved = [one for one, value in first.items() if not np.array_equal(value, last[one])]
        assert {"network.module.look.weight", "network.module.norm.bias"} <= set(moved)
        version, data = mesh.mesh.model.get("race:3")
        assert data is not None
        policy = OnnxPolicy("race:3", data)
        size = onnx.load_from_string(data).graph.input[0].type.tensor_type.shape.dim[1].dim_value
        logits, _, _ = policy.infer(np.ones((2, size), np.uint8), np.ones((2, 5), np.uint8))
        assert np.isfinite(logits).all()
        assert version.training_step > 0
        summary = mesh.stop()
    assert summary["restarts"] == 0
