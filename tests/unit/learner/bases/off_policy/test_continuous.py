"""Continuous actions scaled to -1..1."""

from __future__ import annotations

import torch

from learner.bases.off_policy.continuous import ContinuousActions
from mazemesh.games.spaces import Box


def test_an_element_that_leaves_no_choice_is_0() -> None:
    space = Box((-1.0, 2.5), (3.0, 2.5), (2,))
    actions = ContinuousActions(space, torch.device("cpu"))
    scaled = actions.scaled({"action": torch.tensor([[-1.0, 2.5], [3.0, 2.5]])})
    assert scaled.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
