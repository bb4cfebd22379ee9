"""Ranks: mean gradients over real processes, and stopping at the same batch."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Any

import numpy as np
import pytest
import torch

from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.ppo.update import PPO
from learner.device.place import Place
from learner.device.ranks import Alone, Group, InStep
from learner.network.architecture import Architecture, initial_parameters
from mazemesh.experience import unroll_signature
from mazemesh.process.ports import free_block
from tests.unit.learner.fakes import FakeBatch, random_batch

ARCHITECTURE = Architecture("actor-critic", 8, 5, (16,))
CONFIG = PPOConfig(unroll_length=4, unrolls_per_batch=16, minibatch_size=64, epochs=1)
SIGNATURE = unroll_signature(4, 8, 5)


def learn(rank: int, port: int, results: Any) -> None:
    """One rank: three updates on batches of its own."""
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(1)
    group = Group()
    ppo = PPO(
        ARCHITECTURE,
        initial_parameters(ARCHITECTURE, 0),
        CONFIG,
        Place(),
        seed=rank,
        ranks=group,
    )
    for number in range(3):
        ppo.update(random_batch(SIGNATURE, 16, seed=10 * number + rank))
    first = group.from_first(f"of rank {rank}")
    flags = [group.all_and_any(rank == 0, False), group.all_and_any(True, rank == 1)]
    results.put((rank, ppo.network.parameters_as_arrays(), first, flags))


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_two_ranks_keep_the_same_weights_and_learn_from_both() -> None:
    context = multiprocessing.get_context("spawn")
    results, (port,) = context.Queue(), free_block(1)
    processes = [context.Process(target=learn, args=(rank, port, results)) for rank in (0, 1)]
    for process in processes:
        process.start()
    (_, zero, first, flags), (_, one, other, same) = sorted(
        (results.get(timeout=240) for _ in processes), key=lambda result: result[0]
    )
    for process in processes:
        process.join(240)
        assert process.exitcode == 0
    assert first == other == "of rank 0"
    assert flags == same == [(False, False), (True, True)]
    alone = PPO(ARCHITECTURE, initial_parameters(ARCHITECTURE, 0), CONFIG, Place(), seed=0)
    for number in range(3):
        alone.update(random_batch(SIGNATURE, 16, seed=10 * number))
    expected = alone.network.parameters_as_arrays()
    for name, value in zero.items():
        np.testing.assert_array_equal(one[name], value)
    assert any(np.abs(expected[name] - value).max() > 1e-6 for name, value in zero.items())


class Twins:
    """Two ranks in two threads."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._given: list[tuple[bool, bool]] = []

    def all_and_any(self, ready: bool, stop: bool) -> tuple[bool, bool]:
        if self._barrier.wait(120) == 0:
            self._given.clear()
        self._barrier.wait(120)
        self._given.append((ready, stop))
        self._barrier.wait(120)
        return all(r for r, _ in self._given), any(s for _, s in self._given)

    average = Alone.average
    from_first = Alone.from_first


class Source:
    """Batches that come now and then."""

    def __init__(self, pattern: list[bool]) -> None:
        self._pattern = pattern

    def next(self, timeout: float) -> FakeBatch | None:
        there = self._pattern.pop(0) if self._pattern else True
        return random_batch(SIGNATURE, 1) if there else None

    def update_priorities(self, priorities: object) -> None:
        raise AssertionError("none were given")


def test_all_take_as_many_batches_and_stop_together() -> None:
    twins, taken = Twins(), [0, 0]
    stops = [threading.Event(), threading.Event()]
    sources = [Source([True, False, False]), Source([False, True, False, False])]

    def work(rank: int) -> None:
        batches = InStep(sources[rank], twins, stops[rank])
        while not stops[rank].is_set():
            if batches.next(0.0) is not None:
                taken[rank] += 1
                if rank == 1 and taken[1] == 5:
                    stops[1].set()
        batches.leave()

    threads = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert taken == [5, 5]
    assert all(stop.is_set() for stop in stops)
