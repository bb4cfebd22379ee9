"""Each distribution beside torch's own, by hand, and by drawing from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.network.distributions import (
    Bernoulli,
    Categorical,
    ClippedGaussian,
    Joint,
    MultiCategorical,
    SquashedGaussian,
)

LOW, HIGH = torch.tensor([-2.0, 0.0, -math.inf]), torch.tensor([2.0, 10.0, math.inf])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator())


def test_a_masked_categorical_draws_legal_actions_alone() -> None:
    logits, legal = normal(4, 5), torch.tensor([[1, 0, 1, 1, 0]]).expand(4, 5)
    found = Categorical(logits, legal)
    theirs = torch.distributions.Categorical(logits=logits.masked_fill(legal == 0, -torch.inf))
    action = torch.tensor([0, 2, 3, 0])
    torch.testing.assert_close(found.log_prob(action), theirs.log_prob(action))
    torch.testing.assert_close(found.probs, theirs.probs)
    # theirs multiplies 0 by -inf in the entropy
    p = theirs.probs[:, [0, 2, 3]]
    torch.testing.assert_close(found.entropy(), -(p * p.log()).sum(dim=1))
    many = Categorical(logits.expand(20_000, 4, 5), legal).sample(generator())
    shares = torch.stack([(many == a).float().mean(dim=0) for a in range(5)], dim=1)
    torch.testing.assert_close(shares, found.probs, atol=0.015, rtol=0)
    assert torch.equal(found.mode(), found.probs.argmax(dim=1))


def test_choices_of_a_multi_categorical_are_independent() -> None:
    logits, legal = normal(3, 6), torch.tensor([[1, 1, 0, 1, 1, 1]]).expand(3, 6)
    found = MultiCategorical(logits, (2, 4), legal)
    parts = Categorical(logits[:, :2], legal[:, :2]), Categorical(logits[:, 2:], legal[:, 2:])
    action = torch.tensor([[0, 1], [1, 3], [1, 2]], dtype=torch.int32)
    together = parts[0].log_prob(action[:, 0]) + parts[1].log_prob(action[:, 1])
    torch.testing.assert_close(found.log_prob(action), together)
    torch.testing.assert_close(found.entropy(), parts[0].entropy() + parts[1].entropy())
    assert torch.equal(found.mode(), torch.stack([one.mode() for one in parts], dim=1))
    drawn = found.sample(generator())
    assert drawn.shape == (3, 2)
    assert not (drawn[:, 1] == 0).any()


def test_a_bernoulli_is_torchs() -> None:
    logits = normal(4, 3) * 3
    found, theirs = Bernoulli(logits), torch.distributions.Bernoulli(logits=logits)
    action = torch.tensor([[0, 1, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1]], dtype=torch.uint8)
    torch.testing.assert_close(found.log_prob(action), theirs.log_prob(action.float()).sum(dim=1))
    torch.testing.assert_close(found.entropy(), theirs.entropy().sum(dim=1))
    drawn = Bernoulli(logits.expand(20_000, 4, 3)).sample(generator())
    torch.testing.assert_close(drawn.float().mean(dim=0), found.probs, atol=0.015, rtol=0)
    assert torch.equal(found.mode(), (theirs.probs > 0.5).to(torch.uint8))


def test_a_clipped_gaussians_density_is_of_what_was_drawn() -> None:
    mean, log_std = normal(50, 3), torch.tensor([0.0, -1.0, 0.5])
    found = ClippedGaussian(mean, log_std, LOW, HIGH)
    theirs = torch.distributions.Normal(mean, log_std.exp().expand(50, 3))
    action = found.sample(generator())
    assert (action < LOW).any()  # as drawn, not as carried out
    torch.testing.assert_close(found.log_prob(action), theirs.log_prob(action).sum(dim=1))
    torch.testing.assert_close(found.entropy(), theirs.entropy().sum(dim=1))
    assert torch.equal(found.mode(), torch.clamp(mean, LOW, HIGH))
    assert torch.equal(found.clip(action), torch.clamp(action, LOW, HIGH))


def theirs_squashed(mean: Tensor, log_std: Tensor) -> torch.distributions.Distribution:
    """The two bounded elements."""
    transforms = torch.distributions.transforms
    affine = transforms.AffineTransform(torch.tensor([0.0, 5.0]), torch.tensor([2.0, 5.0]))
    base = torch.distributions.Normal(mean[:, :2], log_std.exp()[:2])
    steps = [transforms.TanhTransform(cache_size=1), affine]
    return torch.distributions.TransformedDistribution(base, steps)


def test_a_squashed_gaussian_is_torchs_where_it_is_bounded_and_a_gaussian_elsewhere() -> None:
    mean, log_std = normal(6, 3), torch.tensor([0.0, -1.0, 0.5])
    found = SquashedGaussian(mean, log_std, LOW, HIGH)
    action, log_prob = found.rsample_log_prob(generator())
    assert (action >= LOW).all()
    assert (action <= HIGH).all()
    bounded = theirs_squashed(mean, log_std).log_prob(action[:, :2]).sum(dim=1)
    free = torch.distributions.Normal(mean[:, 2], log_std[2].exp()).log_prob(action[:, 2])
    torch.testing.assert_close(log_prob, bounded + free, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(found.log_prob(action), log_prob, atol=1e-3, rtol=1e-3)
    middle = torch.tensor([0.0, 5.0]) + torch.tensor([2.0, 5.0]) * mean[:, :2].tanh()
    torch.testing.assert_close(found.mode(), torch.cat([middle, mean[:, 2:]], dim=1))


def test_a_squashed_gaussians_entropy_is_that_of_its_samples() -> None:
    mean = torch.tensor([[0.0, 1.5, 0.3]])
    found = SquashedGaussian(mean, torch.tensor([-1.0, 0.3, 0.0]), LOW, HIGH)
    many = SquashedGaussian(mean.expand(200_000, 3), torch.tensor([-1.0, 0.3, 0.0]), LOW, HIGH)
    _, log_prob = many.rsample_log_prob(generator())
    assert found.entropy().item() == pytest.approx(-log_prob.mean().item(), abs=0.02)


@pytest.mark.parametrize("mean", [0.0, 8.0, 50.0, -400.0])
def test_squashed_log_probabilities_and_their_gradients_are_numbers_far_out(mean: float) -> None:
    start = torch.full((2, 3), mean, requires_grad=True)
    found = SquashedGaussian(start, torch.tensor([2.0, -20.0, 0.0]), LOW, HIGH)
    action, log_prob = found.rsample_log_prob(generator())
    (log_prob.sum() + found.entropy().sum() + action.sum()).backward()
    assert torch.isfinite(log_prob).all()
    assert torch.isfinite(found.log_prob(action)).all()
    assert start.grad is not None
    assert torch.isfinite(start.grad).all()


def test_the_tanh_correction_is_exact_where_the_plain_formula_has_no_digits_left() -> None:
    # log(1 - tanh(20)^2) is -inf in float32; the truth is 2 log 2 - 40 (tanh's tail).
    drawn = torch.tensor([[20.0]])
    found = SquashedGaussian(drawn, torch.tensor([0.0]), -torch.ones(1), torch.ones(1))
    density = found._log_density(drawn).item()
    assert density == pytest.approx(-0.5 * math.log(2 * math.pi) - (2 * math.log(2) - 40), rel=1e-5)


def test_a_joint_distribution_sums_over_its_leaves() -> None:
    one, other = Categorical(normal(4, 3)), Bernoulli(normal(4, 2))
    joint = Joint({"action.move": one, "action.keys": other})
    actions = joint.sample(generator())
    both = one.log_prob(actions["action.move"]) + other.log_prob(actions["action.keys"])
    columns = {**actions, "reward": torch.zeros(4)}
    torch.testing.assert_close(joint.log_prob(columns), both)
    torch.testing.assert_close(joint.entropy(), one.entropy() + other.entropy())
    assert joint.mode().keys() == actions.keys()
    assert not joint.reparameterized
    with pytest.raises(TypeError, match=r"action\.move is Categorical"):
        joint.rsample()


def test_a_joint_distribution_of_continuous_leaves_has_gradients() -> None:
    mean = normal(4, 3).requires_grad_()
    leaf = SquashedGaussian(mean, torch.zeros(3), LOW, HIGH)
    joint = Joint({"action": leaf})
    assert joint.reparameterized
    actions, log_prob = joint.rsample_log_prob(generator())
    log_prob.sum().backward()
    assert actions["action"].requires_grad
    assert mean.grad is not None
    assert torch.equal(joint.rsample(generator())["action"], actions["action"])


def test_leading_dimensions_are_free() -> None:
    logits = normal(2, 7, 5)
    found = Joint(
        {
            "action.a": MultiCategorical(logits, (2, 3)),
            "action.b": SquashedGaussian(normal(2, 7, 3), torch.zeros(3), LOW, HIGH),
            "action.c": Categorical(logits),
        }
    )
    actions = found.sample(generator())
    shapes = {name: tuple(action.shape) for name, action in actions.items()}
    assert shapes == {"action.a": (2, 7, 2), "action.b": (2, 7, 3), "action.c": (2, 7)}
    assert found.log_prob(actions).shape == found.entropy().shape == (2, 7)


def test_the_same_generator_gives_the_same_actions() -> None:
    leaf = Categorical(normal(64, 5))
    assert np.array_equal(leaf.sample(generator()), leaf.sample(generator()))
