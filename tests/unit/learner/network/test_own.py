"""A torch module of the user's own: trained, exported, published, resumed, and refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from prometheus_client import CollectorRegistry
from torch import nn

from learner.device.place import Place
from learner.learn import learn
from learner.loop.building import build
from learner.network.architecture import Architecture, OwnModule
from learner.network.export import exporting
from learner.network.export.exporting import Traced
from learner.network.gradients.descent import Descent
from learner.network.gradients.passes import Differentiated, passes
from learner.network.network import Network
from learner.network.networks import make
from learner.record import checkpoint
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.games import get_game
from mazemesh.policy.onnx_policy import OnnxPolicy
from tests.unit.learner.fakes import TINY, FakeModel, FakeReplay, random_batch, reloaded
from tests.unit.learner.network.own_package import write_package

SMALL: dict[str, dict[str, float]] = {
    "ppo": {"unroll_length": 4, "unrolls_per_batch": 16, "minibatch_size": 32},
    "impala": {"unroll_length": 4, "unrolls_per_batch": 16},
    "dqn": {"minibatch_size": 32, "minibatches_per_batch": 2},
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield write_package(folder, "mazemesh_own_networks")


def settings(package: str, algorithm: str = "ppo", **more: Any) -> LearnerSettings:
    return LearnerSettings(
        **{
            "game": "solo",
            "algorithm": algorithm,
            "network": f"{package}:Planes",
            "hidden": [16],
            "tracking": "none",
            "publish_seconds": 0.001,
            "hyperparameters": SMALL.get(algorithm, {}),
            **TINY,
            **more,
        }
    )


def network(package: str, name: str, head: Any = "actor-critic") -> Network:
    spec = get_game("solo").spec(Run.of(settings(package)).game_settings)
    own = OwnModule(f"{package}:{name}", spec)
    return make(Architecture(head, spec.observation_size, spec.num_actions, (16,), own=own))


@pytest.mark.parametrize("algorithm", SMALL)
def test_learns_and_is_played_as_it_was_trained(package: str, algorithm: str) -> None:
    run = Run.of(settings(package, algorithm))
    parameters = run.source.initial(run.seed)
    again, other = run.source.initial(run.seed), run.source.initial(run.seed + 1)
    assert all(np.array_equal(again[name], value) for name, value in parameters.items())
    assert not np.array_equal(other["module.body.weight"], parameters["module.body.weight"])
    learner, _ = build(run, parameters, "cpu", 1)
    for seed in range(3):
        update = learner.update(random_batch(run.signature, run.batch_rows, seed))
        assert all(np.isfinite(value) for value in update.statistics.values())
    trained = learner.network.parameters_as_arrays()
    assert not any(np.array_equal(trained[name], value) for name, value in parameters.items())

    data = run.source.to_onnx(trained)
    policy = OnnxPolicy("own:1", data)
    rng = np.random.default_rng(0)
    observation = rng.integers(0, 256, (9, run.architecture.observation_size)).astype(np.uint8)
    mask = np.array(rng.random((9, 5)) < 0.7, np.uint8)
    logits, value, _ = policy.infer(observation, mask)
    expected = learner.network.answer(observation, mask)
    np.testing.assert_allclose(logits, expected.logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(value, expected.value, rtol=1e-4, atol=1e-4)
    told = {one.key: one.value for one in onnx.load_from_string(data).metadata_props}
    assert (told.get("mazemesh.q_values") == "true") == (algorithm == "dqn")

    resumed, _ = build(run, run.source.initial(9), "cpu", 1)
    resumed.restore(reloaded(learner.state()))
    both = [
        one.update(random_batch(run.signature, run.batch_rows, 7)) for one in (learner, resumed)
    ]
    assert both[0].statistics == both[1].statistics


def test_a_whole_run_publishes_resumes_and_knows_its_network(tmp_path: Path, package: str) -> None:
    def train(steps: int, **more: Any) -> None:
        wanted = settings(package, steps=steps, data_dir=tmp_path, **more)
        learn(wanted, FakeReplay(), model, CollectorRegistry(), threading.Event())

    model = FakeModel()
    train(640)
    assert model.headers[-1].training_step > 0
    folder = settings(package, data_dir=tmp_path).folder
    description = json.loads((folder / "run.json").read_text())
    assert description["architecture"]["own"] == f"{package}:Planes"
    found = checkpoint.load(folder, Run.of(settings(package)), torch.device("cpu"))
    assert found is not None
    assert found.identity["architecture"]["own"] == f"{package}:Planes"
    before = len(model.headers)
    train(1280)
    assert model.headers[before].training_step > 0
    for other in ({"network": ""}, {"network": f"{package}:Small"}, {"hidden": [8]}):
        with pytest.raises(FailedPrecondition, match="--policy"):
            train(2000, **other)


def test_a_checkpoint_of_a_module_that_was_changed_is_refused(package: str) -> None:
    run = Run.of(settings(package))
    learner, _ = build(run, run.source.initial(0), "cpu", 1)
    changed = replace(run, architecture=replace(run.architecture, hidden=(12,)))
    other, _ = build(changed, changed.source.initial(0), "cpu", 1)
    with pytest.raises(FailedPrecondition, match=r"module\.body\.weight[^\n]*--policy"):
        other.restore(learner.state())


def test_what_is_differentiated_is_the_gradient(package: str) -> None:
    ours = network(package, "Planes")
    descent = Descent(ours, 1e-3, 1.0)
    both = passes(ours, 8, Place(), descent)
    assert isinstance(both, Differentiated)
    observation = torch.randint(256, (8, ours.architecture.observation_size), dtype=torch.uint8)
    by_outputs = torch.randn(8, 6)
    for _ in range(2):  # nothing is left of the pass before
        both.outputs(observation)
        both.backward(by_outputs)
        found = descent.gradient.clone()
    outputs = ours.outputs(observation)
    wanted = torch.autograd.grad(outputs, list(ours.parameters()), by_outputs)
    torch.testing.assert_close(found, torch.cat([one.flatten() for one in wanted]))


def test_it_is_trained_as_it_is_played(package: str) -> None:
    ours = network(package, "Planes")
    ours.train()
    assert not any(module.training for module in ours.modules())


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Missing", "cannot be loaded.*package.module:Factory.*PYTHONPATH"),
        ("OneAnswer", r"answers \[3, 5\] to 3 observations; it should be a pair"),
        ("number", r"makes 3\.14.*it should be a torch.nn.Module"),
        ("fails", r"fails at factory\(spec, hidden = \(16,\)\).*three widths"),
        ("Double", r"action\.weight is torch\.float64; all parameters should be float32"),
    ],
)
def test_a_module_that_is_wrong_is_refused(package: str, name: str, part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        network(package, name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("FixedRows", "no number of rows be fixed"),
        ("Decides", "nothing be decided by a tensor's values"),
        ("Random", "RandomUniformLike.*who plays it draws"),
    ],
)
def test_a_module_that_cannot_be_published_is_refused_at_the_start(
    tmp_path: Path, package: str, name: str, part: str
) -> None:
    replay, model = FakeReplay(), FakeModel()
    wanted = settings(package, network=f"{package}:{name}", data_dir=tmp_path)
    with pytest.raises(InvalidArgument, match=part):
        learn(wanted, replay, model, CollectorRegistry(), threading.Event())
    assert (replay.made, model.requests, list(tmp_path.rglob("*.pt"))) == (0, [], [])


def test_memory_of_q_learning_has_networks_of_its_own(package: str) -> None:
    with pytest.raises(InvalidArgument, match=r"trained by .*dqn, impala, .*ppo"):
        Run.of(settings(package, "r2d2"))


def test_a_module_with_memory_is_trained_by_an_algorithm_with_as_much(package: str) -> None:
    def of(name: str, algorithm: str, **hyperparameters: float) -> Run:
        small = {"unroll_length": 4, "unrolls_per_batch": 16, "minibatch_size": 32}
        told = {**small, **hyperparameters}
        network = f"{package}:{name}"
        return Run.of(settings(package, algorithm, network=network, hyperparameters=told))

    run = of("Remembers", "recurrent-ppo", memory=6)
    parameters = run.source.initial(run.seed)
    learner, _ = build(run, parameters, "cpu", 1)
    update = learner.update(random_batch(run.signature, run.batch_rows, 0))
    assert all(np.isfinite(value) for value in update.statistics.values())
    policy = OnnxPolicy("own:1", run.source.to_onnx(learner.network.parameters_as_arrays()))
    assert policy.state_size == 6
    rng = np.random.default_rng(0)
    size = run.architecture.observation_size
    told = rng.integers(0, 256, (9, size)).astype(np.uint8), np.ones((9, 5), np.uint8)
    state = rng.normal(size=(9, 6)).astype(np.float32)
    for found, wanted in zip(
        policy.infer(*told, state), learner.network.answer(*told, state), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    for wrong in (of("Remembers", "recurrent-ppo", memory=7), of("Remembers", "ppo")):
        with pytest.raises(InvalidArgument, match="state_size = 6 and is to remember"):
            wrong.source.initial(0)


@pytest.mark.parametrize("name", ["networks.Planes", "a b:C", "../x:Y", "x:Y.Z"])
def test_a_name_is_a_module_and_what_is_in_it(package: str, name: str) -> None:
    with pytest.raises(ValueError, match="network"):
        settings(package, network=name)


def test_a_torch_without_the_quick_exporter_uses_the_other(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(module: nn.Module, example: tuple[torch.Tensor, ...]) -> onnx.ModelProto:
        raise TypeError("export() got an unexpected keyword argument 'dynamo'")

    monkeypatch.setattr(exporting, "traced", gone)
    ours = network(package, "Small", "dueling")
    policy = OnnxPolicy("own:1", Traced(ours, "own").filled(ours.parameters_as_arrays()))
    mask = np.ones((4, 5), np.uint8)
    observation = np.full((4, ours.architecture.observation_size), 9, np.uint8)
    expected = ours.answer(observation, mask)
    np.testing.assert_allclose(policy.infer(observation, mask)[0], expected.logits, atol=1e-5)
    told = capsys.readouterr()
    assert "the slower exporter is tried" in told.out + told.err
