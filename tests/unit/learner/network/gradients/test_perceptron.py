"""Both passes written out, against automatic differentiation."""

from __future__ import annotations

import copy

import pytest
import torch

from learner.network.architecture import Architecture, initial_parameters
from learner.network.gradients.descent import Descent
from learner.network.gradients.perceptron import Perceptron
from learner.network.layered import Layered


def network(architecture: Architecture) -> Layered:
    made = Layered(architecture)
    made.load(initial_parameters(architecture, 1))
    Descent(made, 1e-3, 1.0)
    return made


def observations(architecture: Architecture, n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    if architecture.observation_dtype == "uint8":
        size = (n, architecture.observation_size)
        return torch.randint(256, size, generator=generator, dtype=torch.uint8)
    return torch.randn(n, architecture.observation_size, generator=generator)


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture("actor-critic", 9, 5, (16, 12)),
        Architecture("actor-critic", 9, 5, (16,), activation="tanh"),
        Architecture("actor-critic", 6, 3, (8, 8, 8), observation_dtype="float32"),
        Architecture("actor-critic", 9, 4, ()),
    ],
)
def test_is_the_network_and_its_gradient(architecture: Architecture) -> None:
    ours = network(architecture)
    theirs = copy.deepcopy(ours)
    perceptron = Perceptron(ours, 40)
    for n in (40, 7):  # the last minibatch may be smaller; nothing of the one before is left
        observation = observations(architecture, n)
        expected = theirs.outputs(observation)
        torch.testing.assert_close(perceptron.outputs(observation), expected)
        by_outputs = torch.randn(n, architecture.num_actions + 1)
        theirs.zero_grad()
        expected.backward(by_outputs)
        perceptron.backward(by_outputs)
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad)


def test_follows_the_weights() -> None:
    architecture = Architecture("actor-critic", 9, 5, (16, 12))
    ours = network(architecture)
    perceptron, observation = Perceptron(ours, 8), observations(architecture, 8)
    before = perceptron.outputs(observation).clone()
    ours.load(initial_parameters(architecture, 2))
    assert not torch.allclose(perceptron.outputs(observation), before)
    torch.testing.assert_close(perceptron.outputs(observation), ours.outputs(observation).detach())


def test_in_bfloat16_it_differs_by_rounding_alone() -> None:
    architecture = Architecture("actor-critic", 64, 5, (128, 128))
    ours = network(architecture)
    theirs, observation = copy.deepcopy(ours), observations(architecture, 256)
    perceptron = Perceptron(ours, 256, torch.bfloat16)
    expected = theirs.outputs(observation)
    found = perceptron.outputs(observation)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()
    by_outputs = torch.randn(expected.shape, generator=torch.Generator().manual_seed(5))
    theirs.zero_grad()
    expected.backward(by_outputs)
    perceptron.backward(by_outputs)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        # Slopes of random signs nearly cancel, and a unit near zero may switch.
        assert (one.grad - other.grad).norm() < 0.1 * other.grad.norm()
