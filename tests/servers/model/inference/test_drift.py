"""Drift of what is asked over a real socket: told by the RPC, by metrics and by `policies show`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mazemesh.errors import NotFound
from tests.onnx_policies import Network
from tests.servers.model_server import RunningModel, running_model

LONG = 60.0
NETWORK = Network()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        parity = NETWORK.parity(rows=400)
        model.client.publish(NETWORK.header(parity=parity, snapshot=True), NETWORK.file())
        yield model


def asked(high: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = (64, NETWORK.observation_size)
    mask = (rng.random((64, NETWORK.num_actions)) < 0.7).astype(np.uint8)
    mask[np.arange(64), rng.integers(0, NETWORK.num_actions, 64)] = 1  # as in `parity`
    return {"observation": rng.integers(0, high, size, dtype=np.uint8), "action_mask": mask}


def ask_until(model: RunningModel, policy: str, high: int, rows: int) -> None:
    seed = 0
    while not (told := model.client.drift(policy)) or told[0].rows < rows:
        model.client.infer(policy, asked(high, seed), deadline=LONG)
        seed += 1


def test_what_differs_from_validation_is_told(model: RunningModel) -> None:
    client = model.client
    (told,) = client.drift("race")
    assert (told.policy, told.rows, told.reason) == (
        *("race:1", 0),
        "it was not asked of late, at this instance",
    )
    ask_until(model, "race", 40, 400)  # validation had 0..255
    (told,) = client.drift("race:latest")
    assert told.drifted
    assert told.reference_rows == 400
    columns = {one.column: one for one in told.columns}
    assert set(columns) == {"observation", "action_mask", "value", "entropy", "best"}
    assert columns["observation"].drifted
    assert columns["observation"].psi > 0.25
    assert columns["observation"].mean < 40 < columns["observation"].reference_mean
    assert model.metric("drifted", policy="race:1") == 1
    assert model.metric("drift_psi", policy="race:1", column="observation") > 0.25
    assert model.metric("drift_ks", policy="race:1", column="observation") > 0.3
    assert model.metric("drift_rows", policy="race:1") >= 400


def test_the_same_world_has_not_drifted_and_versions_between_are_held_to_the_snapshot(
    model: RunningModel,
) -> None:
    client = model.client
    for name in ("calm", "calm"):
        header = NETWORK.header(name, parity=NETWORK.parity(rows=400), snapshot=True)
        client.publish(header, NETWORK.file())
    other = Network(seed=3)
    client.publish(other.header("calm"), other.file())  # no snapshot
    ask_until(model, "calm:2", 256, 400)
    (told,) = client.drift("calm:2")
    assert told.policy == "calm:2"
    assert not told.drifted, told
    ask_until(model, "calm:3", 256, 500)
    (told,) = client.drift("calm:3")
    assert told.policy == "calm:2"
    listed = [one.policy for one in client.drift()]
    assert "calm:2" in listed
    assert "calm:3" not in listed


def test_a_version_without_statistics_says_so(model: RunningModel) -> None:
    client = model.client
    client.publish(NETWORK.header("bare"), NETWORK.file())
    (told,) = client.drift("bare")
    assert "no snapshot of it has statistics" in told.reason
    with pytest.raises(NotFound):
        client.drift("nobody")


def test_the_command_shows_it(model: RunningModel) -> None:
    from mazemesh.cli.policies.policies import _drift, _drift_lines

    class Mesh:
        model = None

    mesh = Mesh()
    mesh.model = model.client  # type: ignore[assignment]
    ask_until(model, "race", 40, 400)
    told = _drift(mesh, model.client.describe("race"))  # type: ignore[arg-type]
    lines = [f"{name} {text}" for name, text in _drift_lines(told, "race:1")]
    assert lines[0].startswith("drift DRIFTED: ")
    assert "400 at validation" in lines[0]
    assert any(line.startswith(" observation[") and ", drifted" in line for line in lines)
