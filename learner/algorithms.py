"""From a run to the algorithm that trains it."""

from __future__ import annotations

from typing import Literal

import torch

from learner.algorithm import Algorithm
from learner.architecture import Parameters
from learner.configs import ImpalaConfig, PPOConfig, R2D2Config, RecurrentPPOConfig
from learner.descent import ALONE
from learner.dqn import DQN
from learner.impala import Impala
from learner.matmul import choose_matmul, choose_precision
from learner.ppo import PPO
from learner.precision import Precision
from learner.r2d2 import R2D2
from learner.ranks import Ranks, local_rank
from learner.recurrent_ppo import RecurrentPPO
from learner.run import Run
from mazemesh.errors import FailedPrecondition


def build(
    run: Run,
    parameters: Parameters,
    device: Literal["auto", "cpu", "cuda"],
    threads: int,
    ranks: Ranks = ALONE,
    precision: Precision = "float32",
) -> tuple[Algorithm, torch.device]:
    """The algorithm with the weights given, and where it computes.

    torch takes as many threads as it is told: by itself it takes all cores, and the services that
    share the machine would fight it for them.

    Raises:
        FailedPrecondition: cuda was asked for and there is none.
    """
    torch.set_num_threads(threads)
    choose_matmul()
    if device == "cuda" and not torch.cuda.is_available():
        raise FailedPrecondition("device is cuda, but torch finds no CUDA device; use auto or cpu")
    place = torch.device("cpu")
    if device != "cpu" and torch.cuda.is_available():
        # One GPU a rank, where a machine has as many.
        place = torch.device("cuda", local_rank() % torch.cuda.device_count())
    shape, config = run.architecture, run.config
    algorithm: Algorithm
    if isinstance(config, RecurrentPPOConfig):
        algorithm = RecurrentPPO(shape, parameters, config, place, run.seed, ranks)
    elif isinstance(config, PPOConfig):
        products = choose_precision(precision) if place.type == "cpu" else torch.float32
        algorithm = PPO(shape, parameters, config, place, run.seed, ranks, products)
    elif isinstance(config, ImpalaConfig):
        algorithm = Impala(shape, parameters, config, place, ranks)
    elif isinstance(config, R2D2Config):
        algorithm = R2D2(shape, parameters, config, place, ranks)
    else:
        algorithm = DQN(shape, parameters, config, place, ranks)
    return algorithm, place
