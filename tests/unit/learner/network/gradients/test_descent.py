"""Adam on one vector against torch's own on the parameters."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from learner.network.gradients import kernels
from learner.network.gradients.descent import Descent, adam, checked
from mazemesh.errors import FailedPrecondition


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def loss(model: nn.Module, step: int) -> torch.Tensor:
    inputs = torch.randn(16, 6, generator=torch.Generator().manual_seed(step))
    return model(inputs).square().sum() * (1 + step % 3)


@pytest.mark.parametrize("max_norm", [0.5, 1e9])
def test_moves_as_torch_does(max_norm: float) -> None:
    ours, theirs = network(), network()
    descent = Descent(ours, 1e-2, max_norm, eps=1e-5)
    adam = torch.optim.Adam(theirs.parameters(), lr=1e-2, eps=1e-5)
    for step in range(20):
        rate = 1e-2 / (1 + step)
        descent.set_learning_rate(rate)
        adam.param_groups[0]["lr"] = rate
        descent.clear()
        loss(ours, step).backward()
        adam.zero_grad()
        loss(theirs, step).backward()
        norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
        torch.testing.assert_close(descent.step(), norm)
        adam.step()
        for one, two in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(one, two, atol=1e-6, rtol=1e-5)


def test_both_ways_of_moving_agree() -> None:
    """In torch, for weights on a GPU, and compiled."""
    generator = torch.Generator().manual_seed(3)
    vectors = [torch.randn(100, generator=generator) for _ in range(3)]
    vectors.append(torch.rand(100, generator=generator))
    copies = [vector.clone() for vector in vectors]
    steps, rate, norm = torch.tensor(6.0), torch.tensor(1e-2), vectors[1].norm()
    adam(*vectors, steps, rate, norm, 0.5, 1e-5)
    unbiased, scale = 1e-2 / (1 - 0.9**7), (1 - 0.999**7) ** -0.5
    numbers = (0.1, 0.001, 0.5 / norm.item(), unbiased, scale, 1e-5)
    kernels.adam(*(vector.numpy() for vector in copies), *numbers)
    assert steps.item() == 7
    for index in (0, 2, 3):
        torch.testing.assert_close(copies[index], vectors[index], atol=1e-6, rtol=1e-5)


def test_on_a_gpu_a_gradient_that_is_not_a_number_moves_and_counts_nothing() -> None:
    vectors = [torch.ones(8) for _ in range(4)]
    vectors[1][3] = float("inf")
    steps, norm = torch.tensor(6.0), vectors[1].norm()
    adam(*vectors, steps, torch.tensor(1e-2), norm, 0.5, 1e-5)
    assert steps.item() == 6
    for index in (0, 2, 3):
        assert torch.equal(vectors[index], torch.ones(8))
    with pytest.raises(RuntimeError, match="not finite"):
        checked(norm.item())


def test_a_gradient_that_is_not_a_number_moves_nothing() -> None:
    model = network()
    descent = Descent(model, 1e-2, 0.5)
    before = copy.deepcopy(list(model.parameters()))
    descent.clear()
    (loss(model, 0) * float("nan")).backward()
    with pytest.raises(RuntimeError, match="not finite"):
        descent.step()
    for one, two in zip(model.parameters(), before, strict=True):
        assert torch.equal(one, two)


def test_a_state_of_another_kind_is_refused() -> None:
    adam = torch.optim.Adam(network().parameters())
    with pytest.raises(FailedPrecondition, match="older version"):
        Descent(network(), 1e-2, 0.5).restore(adam.state_dict())
