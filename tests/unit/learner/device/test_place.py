"""Every algorithm in bfloat16 and compiled, against itself as it is on the processor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs
from torch.utils._python_dispatch import TorchDispatchMode

from learner.device.fusing import Fused
from learner.device.place import Place
from learner.device.recording import Tensors
from learner.loop.building import choose_place, make
from learner.network.architecture import initial_parameters
from learner.network.gradients.descent import ALONE
from mazemesh.errors import FailedPrecondition
from tests.unit.learner.device.test_transfer import Device
from tests.unit.learner.fakes import random_batch, reloaded, tiny_run

SMALL: dict[str, dict[str, float]] = {
    "ppo": {"unroll_length": 4, "unrolls_per_batch": 16, "minibatch_size": 32},
    "recurrent-ppo": {
        "unroll_length": 4,
        "unrolls_per_batch": 16,
        "minibatch_size": 32,
        "memory": 8,
    },
    "impala": {"unroll_length": 4, "unrolls_per_batch": 16},
    "a2c": {"unroll_length": 4, "unrolls_per_batch": 16},
    "sac": {"minibatch_size": 32, "minibatches_per_batch": 2},
    "dqn": {"minibatch_size": 32, "minibatches_per_batch": 2, "target_every": 3},
    "r2d2": {
        "minibatch_size": 8,
        "minibatches_per_batch": 2,
        "memory": 8,
        "target_every": 3,
        "sequence_length": 6,
        "burn_in": 2,
    },
}


def updated(algorithm: str, place: Place) -> tuple[Any, dict[str, float]]:
    run = tiny_run(algorithm, **SMALL[algorithm])
    learner: Any = make(run, initial_parameters(run.architecture, 0), place)
    update = learner.update(random_batch(run.signature, run.batch_rows))
    return learner, update.statistics


def flat(learner: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([v.ravel() for v in learner.network.parameters_as_arrays().values()])


@pytest.mark.parametrize("algorithm", SMALL)
def test_in_bfloat16_an_update_differs_by_rounding_alone(algorithm: str) -> None:
    rounded, told = updated(algorithm, Place(products=torch.bfloat16))
    exact, expected = updated(algorithm, Place())
    assert told == pytest.approx(expected, rel=0.05, abs=0.02)
    before = flat(updated_never(algorithm))
    one, other = flat(rounded) - before, flat(exact) - before
    assert not np.array_equal(one, other)
    # Adam's first steps are as long for a small slope as for a large one, and rounding may turn
    # a small one.
    assert one @ other > 0.9 * np.linalg.norm(one) * np.linalg.norm(other)
    weights = rounded.network.parameters_as_arrays()
    assert {value.dtype for value in weights.values()} == {np.dtype(np.float32)}


def updated_never(algorithm: str) -> Any:
    run = tiny_run(algorithm, **SMALL[algorithm])
    return make(run, initial_parameters(run.architecture, 0), Place())


@pytest.mark.parametrize("algorithm", ["recurrent-ppo", "r2d2"])
@pytest.mark.slow
def test_compiled_an_update_is_the_same(algorithm: str) -> None:
    fused, told = updated(algorithm, Place(fuses=True, backend="eager"))
    plain, expected = updated(algorithm, Place())
    assert told == pytest.approx(expected, rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(flat(fused), flat(plain), rtol=1e-5, atol=1e-6)


def test_fusing_is_refused_where_it_does_not_help() -> None:
    with pytest.raises(FailedPrecondition, match="fuse is for a GPU"):
        choose_place(tiny_run(), "cpu", ALONE, "auto", fuse=True)
    with pytest.raises(FailedPrecondition, match="impala is faster without"):
        choose_place(tiny_run("impala"), "cpu", ALONE, "auto", fuse=True)


def test_what_cannot_be_compiled_is_done_as_written() -> None:
    def broken(graph: Any, examples: Any) -> Any:
        raise OSError("no compiler")

    calls = []

    def double(value: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return value * 2

    fused = Fused(double, broken)
    with capture_logs() as logs:
        found = [fused(torch.ones(3)) for _ in range(3)]
    assert all(torch.equal(each, torch.full((3,), 2.0)) for each in found)
    assert [line["event"] for line in logs] == ["not compiled, and slower"]


def test_bfloat16_that_is_named_is_taken_by_all_and_auto_by_ppo_alone() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        for algorithm in SMALL:
            run = tiny_run(algorithm, **SMALL[algorithm])
            named = choose_place(run, "cpu", ALONE, "bfloat16", fuse=False)
            assert named.products == torch.bfloat16
            if algorithm != "ppo":
                chosen = choose_place(run, "cpu", ALONE, "auto", fuse=False)
                assert chosen.products == torch.float32
    finally:
        torch.set_float32_matmul_precision(before)


class NothingRead(TorchDispatchMode):
    """Refuses what brings numbers of a device to Python, and with them a recording to its end."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        read = {"aten::_local_scalar_dense", "aten::equal", "aten::nonzero", "aten::is_nonzero"}
        if function.name().partition(".")[0] in read:
            raise AssertionError(f"{function} reads a number back")
        return function(*args, **(kwargs or {}))


class Unaided(Device):
    """A device that records, in the processor's memory and at once."""

    def allocate(self, size: int) -> torch.Tensor:
        return self.pinned(size)

    def rehearse(self, work: Callable[[], Tensors]) -> Tensors:
        with NothingRead():
            return work()

    def record(self, work: Callable[[], Tensors]) -> tuple[Callable[[], None], Tensors]:
        raise AssertionError("after one update there is nothing to record yet")


class Pretended(Place):
    """A GPU, but for where its memory is."""

    @property
    def on_gpu(self) -> bool:
        return True

    @cached_property
    def _gpu(self) -> Any:
        return Unaided()


@pytest.mark.parametrize("algorithm", SMALL)
def test_what_a_gpu_computes_reads_nothing_back_and_is_the_same(algorithm: str) -> None:
    there, told = updated(algorithm, Pretended())
    here, expected = updated(algorithm, Place())
    assert told == pytest.approx(expected, rel=1e-3, abs=1e-4)
    np.testing.assert_allclose(flat(there), flat(here), rtol=1e-3, atol=1e-5)
    assert there.updates == here.updates == there.state()["optimizer"]["steps"]
    resumed = updated_never(algorithm)
    resumed.restore(reloaded(there.state()))
    np.testing.assert_array_equal(flat(resumed), flat(there))
