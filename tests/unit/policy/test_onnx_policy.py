"""A policy from a file: what it plays, by draws or by the best, and what it remembers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.policy import OnnxPolicy, load_policy
from tests.onnx_policies import Network, RecurrentNetwork

ROWS, WIDTH, ACTIONS = 200, 12, 5
OBSERVATION = np.random.default_rng(0).integers(0, 256, (ROWS, WIDTH), np.uint8)
MASK = np.tile(np.array([1, 1, 0, 1, 0], np.uint8), (ROWS, 1))


def loaded(folder: Path, network: Network, *, q_values: bool | None = None) -> OnnxPolicy:
    path = folder / "mine.onnx"
    path.write_bytes(network.file())
    return load_policy(path, q_values=q_values)


def test_the_best_legal_action_is_played_without_a_source_of_draws(tmp_path: Path) -> None:
    policy = loaded(tmp_path, Network(WIDTH, ACTIONS))
    assert (policy.reference, policy.greedy, policy.state_size) == ("mine:0", False, 0)
    actions, state = policy.act(OBSERVATION, MASK)
    logits, _, _ = policy.infer(OBSERVATION, MASK)
    np.testing.assert_array_equal(actions, logits.argmax(axis=1))
    assert actions.dtype == np.int8
    assert state.shape == (ROWS, 0)


def test_draws_are_legal_and_q_networks_do_not_draw(tmp_path: Path) -> None:
    policy = loaded(tmp_path, Network(WIDTH, ACTIONS))
    drawn, _ = policy.act(OBSERVATION, MASK, rng=np.random.default_rng(1), temperature=50.0)
    assert set(drawn.tolist()) == {0, 1, 3}
    best, _ = policy.act(OBSERVATION, MASK)
    values = loaded(tmp_path, Network(WIDTH, ACTIONS), q_values=True)
    played, _ = values.act(OBSERVATION, MASK, rng=np.random.default_rng(1), temperature=50.0)
    np.testing.assert_array_equal(played, best)


def test_a_memory_goes_from_step_to_step(tmp_path: Path) -> None:
    policy = loaded(tmp_path, RecurrentNetwork(WIDTH, ACTIONS))
    _, first = policy.act(OBSERVATION, MASK)
    _, second = policy.act(OBSERVATION, MASK, first)
    assert first.shape == (ROWS, policy.state_size)
    assert not np.array_equal(first, second)


def test_what_is_no_policy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(InvalidArgument, match="is no ONNX file"):
        load_policy(path)
