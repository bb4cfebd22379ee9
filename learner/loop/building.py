"""From a run to what learns it, and where."""

from __future__ import annotations

from typing import Literal

import torch

from learner.algorithms.algorithm import Start
from learner.algorithms.registry import find, names
from learner.bases.learner import Learner
from learner.device.place import Place
from learner.device.ranks import Alone, Ranks, local_rank
from learner.network.architecture import Parameters, Precision
from learner.network.gradients.descent import ALONE
from learner.network.gradients.matmul import choose_matmul, choose_on_gpu, choose_precision
from learner.run import Run
from mazemesh.errors import FailedPrecondition

Device = Literal["auto", "cpu", "cuda"]


def build(
    run: Run,
    parameters: Parameters,
    device: Device,
    threads: int,
    ranks: Ranks = ALONE,
    precision: Precision = "float32",
    *,
    fuse: bool = False,
) -> tuple[Learner, Place]:
    """What learns, with the weights given, and where it computes.

    torch takes as many threads as it is told: by itself it takes all cores, and the services that
    share the machine would fight it for them.

    Raises:
        FailedPrecondition: cuda was asked for and there is none, or fusing where it does not help.
    """
    torch.set_num_threads(threads)
    place = choose_place(run, device, ranks, precision, fuse=fuse)
    return make(run, parameters, place, ranks), place


def make(run: Run, parameters: Parameters, place: Place, ranks: Ranks = ALONE) -> Learner:
    """What learns by the algorithm of a run, on a place."""
    shape, config = run.architecture, run.config
    return run.method.build(Start(shape, parameters, config, place, run.seed, ranks))


def check_place(run: Run, device: Device, *, fuse: bool) -> None:
    """Refuses what `choose_place` could not give.

    Raises:
        FailedPrecondition: cuda was asked for and there is none, or fusing where it does not help.
    """
    if fuse and not run.method.fuses:
        fused = ", ".join(name for name in names() if find(name).fuses)
        raise FailedPrecondition(f"fuse is for {fused}; {run.algorithm} is faster without")
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise FailedPrecondition("device is cuda, but torch finds no CUDA device; use auto or cpu")
    if fuse and (device == "cpu" or not there):
        raise FailedPrecondition("fuse is for a GPU, and this run is on the processor")


def choose_place(
    run: Run, device: Device, ranks: Ranks, precision: Precision, *, fuse: bool
) -> Place:
    """Where a run computes, and how; sets how torch multiplies matrices in this process.

    Raises:
        FailedPrecondition: see `check_place`.
    """
    check_place(run, device, fuse=fuse)
    layered = run.architecture.plain
    rounds = run.method.rounds and layered  # measured with our layers alone
    if device == "cpu" or not torch.cuda.is_available():
        choose_matmul()
        by_itself = rounds or precision == "bfloat16"
        return Place(products=choose_precision(precision if by_itself else "float32"))
    # One GPU a rank, where a machine has as many.
    number = local_rank() % torch.cuda.device_count()
    return Place(
        torch.device("cuda", number),
        choose_on_gpu(precision, run.architecture.hidden if rounds else ()),
        records=isinstance(ranks, Alone) and layered,  # others may read numbers back
        fuses=fuse,
    )
