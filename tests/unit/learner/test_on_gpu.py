"""Updates on a GPU against the same on the processor; needs one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs

from learner.algorithms.registry import find
from learner.device.place import Place
from learner.device.recording import REHEARSALS, Recorded
from learner.loop.building import build, choose_place, make
from learner.network.architecture import evaluate, initial_parameters
from learner.network.gradients.descent import ALONE
from learner.run import Run
from learner.settings import LearnerSettings
from tests.unit.learner.device.test_place import SMALL
from tests.unit.learner.fakes import random_batch, reloaded, tiny_run

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
UPDATES = REHEARSALS + 4


@pytest.fixture(autouse=True)
def _as_before() -> Any:
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def trained(run: Run, place: Place, updates: int = UPDATES) -> tuple[Any, list[Any]]:
    learner: Any = make(run, initial_parameters(run.architecture, 0), place)
    found = []
    for seed in range(updates):
        batch = place.send(random_batch(run.signature, run.batch_rows, seed))
        found.append(learner.update(batch))
    return learner, found


@pytest.mark.parametrize(
    ("algorithm", "fuses"),
    [*((name, False) for name in SMALL), *((name, True) for name in SMALL if find(name).fuses)],
)
def test_recorded_updates_are_those_of_the_processor(algorithm: str, fuses: bool) -> None:
    run = tiny_run(algorithm, **SMALL[algorithm])
    place = choose_place(run, "cuda", ALONE, "float32", fuse=fuses)
    with capture_logs() as logs:
        there, told = trained(run, place)
    assert logs == []  # neither compiling nor recording was given up
    here, expected = trained(run, Place())
    assert isinstance(there._learn, Recorded)
    assert len(there._learn._recordings) == 1
    assert there.updates == here.updates
    assert there._descent.state()["steps"] == here.updates
    for one, other in zip(told, expected, strict=True):
        assert one.statistics == pytest.approx(other.statistics, rel=1e-2, abs=1e-3)
        if one.priorities is not None:
            np.testing.assert_allclose(one.priorities, other.priorities, rtol=1e-2, atol=1e-3)
    mine, wanted = there.network.parameters_as_arrays(), here.network.parameters_as_arrays()
    for name, value in wanted.items():
        np.testing.assert_allclose(mine[name], value, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("algorithm", SMALL)
def test_resumes_on_a_gpu_what_was_recorded(algorithm: str) -> None:
    run = tiny_run(algorithm, **SMALL[algorithm])
    place = choose_place(run, "cuda", ALONE, "float32", fuse=False)
    straight, _ = trained(run, place)
    resumed, _ = trained(run, place, updates=0)
    resumed.restore(reloaded(straight.state()))
    for seed in range(90, 90 + UPDATES):
        batch = random_batch(run.signature, run.batch_rows, seed)
        straight.update(batch)
        resumed.update(batch)
    mine, wanted = (each.network.parameters_as_arrays() for each in (resumed, straight))
    for name, value in wanted.items():
        np.testing.assert_allclose(mine[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["auto", "bfloat16"])
def test_what_is_published_is_exact_whatever_training_multiplies_in(precision: Any) -> None:
    run = Run.of(LearnerSettings(game="race", hyperparameters=SMALL["ppo"]))
    parameters = initial_parameters(run.architecture, 0)
    learner, _ = build(run, parameters, "cuda", 1, precision=precision)
    learner.update(random_batch(run.signature, run.batch_rows))
    observation = np.random.default_rng(0).integers(
        0, 256, (64, run.architecture.observation_size), np.uint8
    )
    mask = np.ones((64, run.architecture.num_actions), np.uint8)
    found = learner.network.answer(observation, mask)
    weights = learner.network.parameters_as_arrays()
    expected = evaluate(run.architecture, weights, observation, mask)
    np.testing.assert_allclose(found.logits, expected.logits, atol=1e-5)
    np.testing.assert_allclose(found.value, expected.value, atol=1e-5)


def test_a_gradient_that_is_not_a_number_moves_nothing_and_is_told() -> None:
    run = tiny_run("impala", **SMALL["impala"])
    place = choose_place(run, "cuda", ALONE, "float32", fuse=False)
    learner, _ = trained(run, place)
    before = learner.network.parameters_as_arrays()
    batch = random_batch(run.signature, run.batch_rows)
    columns: Any = dict(batch.columns)
    columns["reward"] = np.full_like(columns["reward"], np.inf)
    with pytest.raises(RuntimeError, match="not finite"):
        learner.update(dataclasses.replace(batch, columns=columns))
    for name, value in learner.network.parameters_as_arrays().items():
        np.testing.assert_array_equal(value, before[name])
