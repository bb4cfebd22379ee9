"""Networks for any spaces: shapes, memory, and that their ONNX files answer the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from learner.network.architecture import Architecture, Spaces
from learner.network.composed import Composed
from learner.network.network import Network
from learner.network.networks import make
from learner.network.parts.encoding import Encoding
from learner.network.parts.normalization import Moments, share_statistics
from learner.network.source import source_of
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import (
    Box,
    Dict,
    Discrete,
    MultiBinary,
    MultiDiscrete,
    Space,
    Tuple,
    columns,
)
from mazemesh.policy.file.weights import Graph
from mazemesh.policy.onnx_policy import OnnxPolicy

IMAGE = Box((0.0,), (255.0,), (44, 40, 3), "uint8")
CELLS = Box((0.0,), (10.0,), (7, 7, 3), "uint8")
VECTOR = Box((-float("inf"),), (float("inf"),), (5,))
TREE = Dict(
    (
        ("camera", CELLS),
        ("joints", Tuple((VECTOR, Box((-5.0,), (5.0,), (2, 2), "int16")))),
        ("item", Discrete(3)),
        ("place", MultiDiscrete((4, 300))),
        ("keys", MultiBinary((6,))),
    )
)
ARM = Box((-1.0, 0.0), (1.0, 10.0), (2,))
MANY = Dict(
    (
        ("move", Discrete(4)),
        ("aim", MultiDiscrete((3, 2))),
        ("arm", ARM),
        ("keys", MultiBinary((2,))),
    )
)


def shape(observation: Space, action: Space, **more: Any) -> Architecture:
    told: dict[str, Any] = {"hidden": (16,), "spaces": Spaces(observation, action), **more}
    return Architecture("actor-critic", 0, getattr(action, "n", 0), **told)


CASES = {
    "nature": shape(IMAGE, Discrete(4)),
    "impala": shape(IMAGE, Discrete(4), encoding=Encoding(image="impala"), hidden=()),
    "small": shape(CELLS, Discrete(4)),
    "flat": shape(CELLS, MultiDiscrete((2, 5)), encoding=Encoding(image="flat")),
    "tree": shape(TREE, MANY),
    "squashed": shape(VECTOR, ARM, actions="squashed", state_std=True),
    "clipped": shape(VECTOR, ARM, encoding=Encoding(normalize_observations=True)),
    "gru": shape(TREE, MANY, memory=8),
    "lstm": shape(TREE, MANY, memory=8, cell="lstm"),
    "frames": shape(TREE, MultiBinary((3,)), encoding=Encoding(frames=4)),
    "image frames": shape(IMAGE, Discrete(4), encoding=Encoding(frames=3)),
    "frames and gru": shape(VECTOR, ARM, memory=4, encoding=Encoding(frames=2)),
    "normalized": shape(
        TREE, MANY, encoding=Encoding(normalize_observations=True, normalize_rewards=True)
    ),
    "vector with lstm": Architecture("actor-critic", 5, 3, (8,), memory=4, cell="lstm"),
    "dueling": Architecture(
        "dueling", 0, 4, (8,), spaces=Spaces(CELLS, Discrete(4)), encoding=Encoding(value="shared")
    ),
}


def seen(space: Space, lead: tuple[int, ...], seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    found: dict[str, Tensor] = {}
    for name, leaf in columns("observation", space):
        most = leaf.n if isinstance(leaf, Discrete) else 2
        most = min(leaf.counts) if isinstance(leaf, MultiDiscrete) else most
        if isinstance(leaf, Box):
            drawn: Any = rng.normal(size=(*lead, *leaf.shape)) * 3
            if leaf.dtype != "float32":
                drawn = rng.integers(0, 5, (*lead, *leaf.shape))
        else:
            drawn = rng.integers(0, most, (*lead, *leaf.shape))
        found[name] = torch.from_numpy(np.asarray(drawn).astype(leaf.dtype))
    return next(iter(found.values())) if len(found) == 1 else found


def arrays(observed: Any) -> Any:
    if isinstance(observed, Tensor):
        return observed.numpy()
    return {name: column.numpy() for name, column in observed.items()}


def trained(network: Network, space: Space) -> Network:
    """With statistics that are not the first ones."""
    network.observe(seen(space, (64,)))
    network.observe_returns(torch.randn(64) * 5 + 2)
    return network


@pytest.mark.parametrize("case", CASES)
def test_the_onnx_file_answers_as_the_network_does(case: str) -> None:
    architecture = CASES[case]
    source = source_of(architecture)
    first = source.initial(3)
    again = source.initial(3)
    assert all(np.array_equal(again[name], value) for name, value in first.items())
    network = make(architecture)
    network.load(first)
    trained(network, architecture.observation_space)
    data = source.to_onnx(network.parameters_as_arrays())
    assert Graph.of(data) is not None  # versions of it go as weights
    policy = OnnxPolicy("x:1", data)
    assert policy.deciding.space == architecture.action_space
    assert policy.state_size == network.state_size == architecture.state_size
    rng = np.random.default_rng(0)
    observed = arrays(seen(architecture.observation_space, (6,), 1))
    masks = sum(leaf.mask_size for _, leaf in columns("action_mask", architecture.action_space))
    mask = np.ones((6, masks), np.uint8)
    mask[::2, :1] = 0
    state = rng.normal(size=(6, architecture.state_size)).astype(np.float32)
    expected = network.answer(observed, mask, state if state.size else None)
    for found, wanted in zip(policy.infer(observed, mask, state), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    # Nothing is written into the file but its weights.
    fresh = network.answer(observed, mask, state if state.size else None)
    np.testing.assert_array_equal(fresh.logits, expected.logits)


@pytest.mark.parametrize("case", ["gru", "lstm", "frames", "frames and gru", "tree", "normalized"])
def test_a_sequence_is_its_steps_and_forgets_at_an_episodes_beginning(case: str) -> None:
    architecture = CASES[case]
    network = trained(make(architecture), architecture.observation_space)
    observed = seen(architecture.observation_space, (3, 7))
    begins = torch.zeros(3, 7, dtype=torch.bool)
    begins[0, 4] = begins[1, 0] = begins[2, 2] = begins[2, 3] = True
    state = torch.randn(3, network.state_size)
    outputs, last = network.sequence(observed, state, begins)
    for t in range(7):
        state = state * (~begins[:, t, None])
        now = (
            observed[:, t]
            if isinstance(observed, Tensor)
            else {name: column[:, t] for name, column in observed.items()}
        )
        step, state = network.step(now, state)
        torch.testing.assert_close(outputs[:, t], step, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(last, state)


def test_outputs_are_distributions_over_every_leaf() -> None:
    architecture = CASES["tree"]
    network = make(architecture)
    outputs = network.outputs(seen(TREE, (9,)))
    assert outputs.shape == (9, 4 + 5 + 2 * 2 + 2 + 1)
    legal = torch.ones(9, 9, dtype=torch.uint8)
    legal[:, :3] = 0
    joint = network.distribution(outputs, legal)
    actions = joint.sample()
    assert (actions["action.move"] == 3).all()
    assert actions["action.arm"].shape == (9, 2)
    assert torch.isfinite(joint.log_prob(actions)).all()
    middle = joint.mode()["action.arm"][:, 1].detach().numpy()
    assert middle == pytest.approx(5.0, abs=0.5)  # of the bounds, at first


def test_gradients_reach_every_weight() -> None:
    for case in ("tree", "lstm", "frames", "squashed", "nature"):
        architecture = CASES[case]
        network = make(architecture)
        observed = seen(architecture.observation_space, (4, 3))
        begins = torch.zeros(4, 3, dtype=torch.bool)
        outputs, _ = network.sequence(observed, torch.zeros(4, network.state_size), begins)
        outputs.square().sum().backward()
        without = [name for name, one in network.named_parameters() if one.grad is None]
        assert not without, case


def test_moments_are_those_of_all_rows() -> None:
    rows = torch.randn(1000, 3) * torch.tensor([1.0, 10.0, 0.1]) + torch.tensor([0.0, 100.0, -3.0])
    moments = Moments((3,))
    for part in rows.split(170):
        moments.add(part)
    torch.testing.assert_close(moments.mean, rows.mean(dim=0))
    torch.testing.assert_close(moments.variance, rows.var(dim=0, unbiased=False))
    assert moments.count.item() == 1000


def test_a_new_unit_of_returns_leaves_the_values_as_they_were() -> None:
    architecture = CASES["normalized"]
    network = make(architecture)
    observed = seen(TREE, (8,))
    before = network.outputs(observed)[:, -1]
    network.observe_returns(torch.randn(100) * 50)
    torch.testing.assert_close(network.outputs(observed)[:, -1], before)
    assert float(network.return_scale) == pytest.approx(50, rel=0.3)


def test_a_copy_may_share_the_statistics() -> None:
    import copy

    network = make(CASES["normalized"])
    other = copy.deepcopy(network)
    share_statistics(other, network)
    trained(network, TREE)
    observed = seen(TREE, (4,))
    ours, theirs = network.outputs(observed), other.outputs(observed)
    torch.testing.assert_close(theirs[:, :-1], ours[:, :-1])


def test_images_smaller_than_the_windows_are_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"image = nature takes images of 36 x 36"):
        make(shape(CELLS, Discrete(2), encoding=Encoding(image="nature")))


def test_a_network_for_a_vector_and_a_number_stays_a_list_of_layers() -> None:
    plain = Architecture("actor-critic", 5, 3)
    assert plain.plain
    assert not isinstance(make(plain), Composed)
