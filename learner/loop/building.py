"""From a run to the algorithm that trains it."""

from __future__ import annotations

from typing import Literal

import torch

from learner.algorithms.configs import ImpalaConfig, PPOConfig, R2D2Config, RecurrentPPOConfig
from learner.algorithms.dqn.update import DQN
from learner.algorithms.impala.update import Impala
from learner.algorithms.ppo.update import PPO
from learner.algorithms.r2d2.update import R2D2
from learner.algorithms.recurrent_ppo.update import RecurrentPPO
from learner.bases.learner import Algorithm
from learner.device.place import Place
from learner.device.ranks import Alone, Ranks, local_rank
from learner.network.architecture import Parameters
from learner.network.descent import ALONE
from learner.network.matmul import choose_matmul, choose_on_gpu, choose_precision
from learner.network.precision import Precision
from learner.run import Run
from mazemesh.errors import FailedPrecondition

Device = Literal["auto", "cpu", "cuda"]

ROUNDED = ("ppo",)
"""Algorithms of which it was measured that they learn as well in bfloat16 (docs/adr/0046, 0073)."""

FUSED = ("ppo", "recurrent-ppo", "r2d2")
"""Algorithms with enough small operations for compiling to gain something."""


def build(
    run: Run,
    parameters: Parameters,
    device: Device,
    threads: int,
    ranks: Ranks = ALONE,
    precision: Precision = "float32",
    *,
    fuse: bool = False,
) -> tuple[Algorithm, Place]:
    """The algorithm with the weights given, and where it computes.

    torch takes as many threads as it is told: by itself it takes all cores, and the services that
    share the machine would fight it for them.

    Raises:
        FailedPrecondition: cuda was asked for and there is none, or fusing where it does not help.
    """
    torch.set_num_threads(threads)
    place = choose_place(run, device, ranks, precision, fuse=fuse)
    return make(run, parameters, place, ranks), place


def make(run: Run, parameters: Parameters, place: Place, ranks: Ranks = ALONE) -> Algorithm:
    """The algorithm of a run, on a place."""
    shape, config = run.architecture, run.config
    if isinstance(config, RecurrentPPOConfig):
        return RecurrentPPO(shape, parameters, config, place, run.seed, ranks)
    if isinstance(config, PPOConfig):
        return PPO(shape, parameters, config, place, run.seed, ranks)
    if isinstance(config, ImpalaConfig):
        return Impala(shape, parameters, config, place, ranks)
    if isinstance(config, R2D2Config):
        return R2D2(shape, parameters, config, place, ranks)
    return DQN(shape, parameters, config, place, ranks)


def check_place(run: Run, device: Device, *, fuse: bool) -> None:
    """Refuses what `choose_place` could not give.

    Raises:
        FailedPrecondition: cuda was asked for and there is none, or fusing where it does not help.
    """
    if fuse and run.algorithm not in FUSED:
        raise FailedPrecondition(
            f"fuse is for {', '.join(FUSED)}; {run.algorithm} is faster without"
        )
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
    if device == "cpu" or not torch.cuda.is_available():
        choose_matmul()
        by_itself = run.algorithm in ROUNDED or precision == "bfloat16"
        return Place(products=choose_precision(precision if by_itself else "float32"))
    # One GPU a rank, where a machine has as many.
    number = local_rank() % torch.cuda.device_count()
    return Place(
        torch.device("cuda", number),
        choose_on_gpu(precision, run.architecture.hidden if run.algorithm in ROUNDED else ()),
        records=isinstance(ranks, Alone),
        fuses=fuse,
    )
