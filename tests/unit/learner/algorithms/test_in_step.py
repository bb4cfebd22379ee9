"""Off-policy learners of several ranks: every network of theirs stays the same on all of them."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
import torch

from learner.algorithms.ddpg import DDPGConfig
from learner.algorithms.registry import find
from learner.algorithms.sac import SACConfig
from learner.algorithms.td3 import TD3Config
from learner.network.networks import make
from tests.unit.learner.algorithms.continuous import CPU, Start, architecture, transitions

T = TypeVar("T")
SIZES: dict[str, int] = {"minibatch_size": 32, "minibatches_per_batch": 2}
CONFIGS: dict[str, Any] = {
    "sac": SACConfig(**SIZES),
    "td3": TD3Config(**SIZES),
    "ddpg": DDPGConfig(**SIZES),
}


class Meeting:
    """Where two ranks of this process meet."""

    def __init__(self) -> None:
        self.brought: dict[int, torch.Tensor] = {}
        self.barrier = threading.Barrier(2, timeout=60)


@dataclasses.dataclass(frozen=True)
class Rank:
    """One of two (`learner.device.ranks.Ranks`)."""

    number: int
    meeting: Meeting

    def average(self, vector: torch.Tensor) -> None:
        self.meeting.brought[self.number] = vector.clone()
        self.meeting.barrier.wait()
        both = self.meeting.brought
        vector.copy_((both[0] + both[1]) / 2)
        self.meeting.barrier.wait()

    def all_and_any(self, ready: bool, stop: bool) -> tuple[bool, bool]:
        return ready, stop

    def from_first(self, content: T) -> T:
        return content


def vectors(learner: Any) -> dict[str, torch.Tensor]:
    found = {
        "policy": learner._descent.vector,
        "critics": learner._critics_descent.vector,
        "targets": learner._targets._vector,
    }
    if hasattr(learner, "_temperature"):
        found["temperature"] = learner._temperature.value
    if hasattr(learner, "_target_policy"):
        found["target policy"] = learner._target_policy._vector
    return found


@pytest.mark.parametrize("algorithm", CONFIGS)
def test_all_networks_of_two_ranks_stay_the_same(algorithm: str) -> None:
    shape, meeting = architecture(algorithm), Meeting()
    parameters = make(shape, 0).parameters_as_arrays()

    def trained(rank: int) -> Any:
        start = Start(shape, parameters, CONFIGS[algorithm], CPU, 0, Rank(rank, meeting))
        learner: Any = find(algorithm).build(start)
        for seed in range(3):
            learner.update(transitions(64, seed=10 * seed + rank))
        return learner

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(trained, (0, 1))
    for name, vector in vectors(first).items():
        assert torch.equal(vector, vectors(second)[name]), name
    before = make(shape, 0)
    before.load(parameters)
    assert not torch.equal(
        torch.cat([p.flatten() for p in before.parameters()]), first._descent.vector
    )
