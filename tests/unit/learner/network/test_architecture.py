"""One network in three forms: numpy, torch and ONNX."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from learner.network.architecture import (
    Architecture,
    FloatArray,
    Head,
    evaluate,
    initial_parameters,
)
from learner.network.export.onnx_policy import to_onnx
from learner.network.layered import Recurrent
from learner.network.networks import build

SHAPES = [
    Architecture(head, 40, 5, hidden, activation, dtype)
    for dtype in ("uint8", "float32")
    for head in ("actor-critic", "dueling")
    for activation in ("relu", "tanh")
    for hidden in ((16, 8), (32,))
]


def trained(architecture: Architecture) -> dict[str, FloatArray]:
    """Weights that are not special in any way, biases included."""
    rng = np.random.default_rng(1)
    return {
        name: value + rng.normal(scale=0.3, size=value.shape).astype(np.float32)
        for name, value in initial_parameters(architecture, 0).items()
    }


def inputs(rows: int, dtype: str = "uint8") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    mask = rng.integers(0, 2, (rows, 5)).astype(np.uint8)
    mask[:, 0] |= ~mask.any(axis=1)
    scale = 1 if dtype == "uint8" else 1 / 100
    return (rng.integers(0, 256, (rows, 40)) * scale).astype(dtype), mask


@pytest.mark.parametrize("architecture", SHAPES, ids=str)
@pytest.mark.parametrize("rows", [1, 33])
def test_numpy_torch_and_onnx_agree(architecture: Architecture, rows: int) -> None:
    parameters = trained(architecture)
    observation, mask = inputs(rows, architecture.observation_dtype)
    logits, value, _ = evaluate(architecture, parameters, observation, mask)
    session = onnxruntime.InferenceSession(to_onnx(architecture, parameters))
    by_onnx = session.run(["logits", "value"], {"observation": observation, "action_mask": mask})
    with torch.no_grad():
        by_torch = build(architecture, parameters).policy(
            torch.from_numpy(observation), torch.from_numpy(mask).bool()
        )
    for other in (by_onnx, [tensor.numpy() for tensor in by_torch[:2]]):
        np.testing.assert_allclose(other[0], logits, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(other[1], value, rtol=1e-5, atol=1e-5)
        assert other[1].shape == (rows,)
    assert (logits[mask == 0] <= -1e8).all()
    assert (np.abs(logits[mask == 1]) < 1e3).all()


@pytest.mark.parametrize("head", ["actor-critic", "dueling"])
def test_with_memory_numpy_torch_and_onnx_agree_step_by_step(head: Head) -> None:
    architecture = Architecture(head, 40, 5, (16,), memory=12)
    parameters, steps, rows = trained(architecture), 4, 7
    session = onnxruntime.InferenceSession(to_onnx(architecture, parameters))
    network = build(architecture, parameters)
    state = np.zeros((rows, 12), np.float32)
    for step in range(steps):
        observation, mask = inputs(rows)
        observation = np.roll(observation, step, axis=1)
        expected = evaluate(architecture, parameters, observation, mask, state)
        found = session.run(
            ["logits", "value", "next_state"],
            {"observation": observation, "action_mask": mask, "state": state},
        )
        with torch.no_grad():
            by_torch = network.policy(*map(torch.from_numpy, (observation, mask > 0, state)))
        for one, two, three in zip(expected, found, by_torch, strict=True):
            np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(three, one, rtol=1e-5, atol=1e-5)
        state = expected.next_state
    assert np.abs(state).max() <= 1


def test_memory_is_that_of_torch() -> None:
    architecture = Architecture("actor-critic", 40, 5, (16,), memory=12)
    network = build(architecture, trained(architecture))
    assert isinstance(network, Recurrent)
    cell = torch.nn.GRUCell(16, 12)
    for ours, theirs in (("memory_in", "ih"), ("memory_back", "hh")):
        layer = getattr(network, ours)
        getattr(cell, f"weight_{theirs}").data = layer.weight.data
        getattr(cell, f"bias_{theirs}").data = layer.bias.data
    observation, mask = (torch.from_numpy(array) for array in inputs(9))
    state = torch.randn(9, 12)
    _, _, found = network.policy(observation, mask.bool(), state)
    torch.testing.assert_close(found, cell(network.features(observation), state))


def test_a_sequence_is_its_steps_and_forgets_at_an_episode_begin() -> None:
    architecture = Architecture("actor-critic", 40, 5, (16,), memory=12)
    network = build(architecture, trained(architecture))
    assert isinstance(network, Recurrent)
    generator = torch.Generator().manual_seed(0)
    observation = torch.randint(256, (3, 6, 40), generator=generator, dtype=torch.uint8)
    begins = torch.rand(3, 6, generator=generator) < 0.3
    first = torch.randn(3, 12, generator=generator)
    outputs, last = network.sequence(observation, first, begins)
    state, legal = first, torch.ones(3, 5, dtype=torch.bool)
    for t in range(6):
        state = torch.where(begins[:, t, None], 0.0, state)
        logits, value, state = network.policy(observation[:, t], legal, state)
        torch.testing.assert_close(outputs[:, t], torch.cat([logits, value[:, None]], 1))
    torch.testing.assert_close(last, state)


def test_value_of_a_dueling_network_is_its_best_legal_action() -> None:
    architecture = Architecture("dueling", 40, 5, (16,))
    observation, mask = inputs(20)
    logits, value, _ = evaluate(architecture, trained(architecture), observation, mask)
    np.testing.assert_array_equal(value, np.where(mask == 1, logits, -np.inf).max(axis=1))


def test_first_weights_are_orthogonal_and_follow_from_the_seed() -> None:
    architecture = Architecture("actor-critic", 40, 5, (16, 24))
    parameters = initial_parameters(architecture, 3)
    narrow, wide = parameters["hidden.0.weight"], parameters["hidden.1.weight"]
    np.testing.assert_allclose(narrow @ narrow.T, 2 * np.eye(16), atol=1e-5)
    np.testing.assert_allclose(wide.T @ wide, 2 * np.eye(16), atol=1e-5)
    again, other = initial_parameters(architecture, 3), initial_parameters(architecture, 4)
    assert all(np.array_equal(parameters[name], again[name]) for name in parameters)
    assert not np.array_equal(narrow, other["hidden.0.weight"])


def test_untrained_policy_is_nearly_uniform() -> None:
    architecture = Architecture("actor-critic", 40, 5)
    observation, _ = inputs(50)
    mask = np.ones((50, 5), np.uint8)
    logits, _, _ = evaluate(architecture, initial_parameters(architecture, 0), observation, mask)
    assert np.abs(logits - logits.mean(axis=1, keepdims=True)).max() < 0.1


def test_weights_survive_the_way_through_torch() -> None:
    architecture = Architecture("dueling", 40, 5, (16, 8))
    parameters = trained(architecture)
    returned = build(architecture, parameters).parameters_as_arrays()
    assert set(returned) == set(parameters)
    for name, value in parameters.items():
        np.testing.assert_array_equal(returned[name], value)
