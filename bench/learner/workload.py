"""Workload A: what every learner is given, and how what it learned is judged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from learner.algorithms.registry import find
from learner.network.architecture import Architecture, initial_parameters
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from mazemesh.games.mazes.engine import BatchEngine

HELD_OUT_MAZES = 512
FIRST_HELD_OUT = 1 << 50
TARGETS = (0.70, 0.95)

Infer = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Logits [n, A] for observations uint8 [n, D] and masks uint8 [n, A]."""


@dataclass(frozen=True)
class Workload:
    """Solo on 10 x 10 mazes: 64 games, updates of 64 x 64 steps, one network, one set of rates.

    The rates are those of mazemesh's preset for solo: with a discount or an entropy cost of each
    side's own choice, the choices would be compared.
    """

    games: int = 64
    unroll_length: int = 64
    unrolls: int = 64
    epochs: int = 4
    minibatch_size: int = 1024
    hidden: tuple[int, ...] = (128, 128)

    @property
    def game_settings(self) -> GameSettings:
        """Mazes and reward of training."""
        return find("ppo").preset("solo").game_settings

    @property
    def rates(self) -> dict[str, float]:
        """Hyperparameters that both sides take."""
        config: Any = find("ppo").preset("solo").config
        names = (
            "learning_rate",
            "final_learning_rate",
            "anneal_updates",
            "discount",
            "trace",
            "clip",
            "entropy_cost",
            "value_cost",
            "max_gradient_norm",
        )
        return {name: getattr(config, name) for name in names}

    @property
    def architecture(self) -> Architecture:
        """The network."""
        spec = get_game("solo").spec(self.game_settings)
        return Architecture(
            "actor-critic", spec.observation_size, spec.num_actions, hidden=self.hidden
        )


def greedy_success(infer: Infer) -> float:
    """Share of the held-out mazes that the best legal action solves within the step limit."""
    engine = BatchEngine(get_game("solo"), GameSettings(), HELD_OUT_MAZES, autoreset=False)
    numbers = FIRST_HELD_OUT + np.arange(HELD_OUT_MAZES)
    engine.reset(seed=[seeds.seed(Purpose.EVALUATION, int(number)) for number in numbers])
    solved = np.zeros(HELD_OUT_MAZES, bool)
    while engine.active.any():
        mask = engine.action_mask[:, 0]
        logits = infer(engine.observation[:, 0], mask)
        best = np.where(mask == 1, logits, -np.inf).argmax(axis=1)
        engine.step(best.astype(np.int8)[:, None])
        solved |= engine.terminated
    return float(solved.mean())


def ceiling(workload: Workload, seconds: float) -> dict[str, float]:
    """Samples a second of nothing but forward and backward of the network, on one thread.

    Returns:
        `as_installed`: by torch as it comes, with automatic differentiation; `products`: likewise,
        with the float32 products that the learner chooses; `as_trained`: by the learner's own
        passes, in the precision that it chooses.
    """
    import torch

    from learner.network.gradients.descent import Descent
    from learner.network.gradients.matmul import choose_matmul, choose_precision
    from learner.network.gradients.perceptron import Perceptron
    from learner.network.layered import Layered

    torch.set_num_threads(1)
    network = Layered(workload.architecture)
    network.load(initial_parameters(workload.architecture, 0))
    Descent(network, 0.0, 1.0)
    rows = workload.minibatch_size
    observation = torch.rand(rows, workload.architecture.observation_size)
    by_outputs = torch.randn(rows, workload.architecture.num_actions + 1)
    perceptron = Perceptron(network, rows, choose_precision("auto"))

    def differentiated() -> None:
        outputs = network.outputs(observation)
        network.zero_grad(set_to_none=True)
        outputs.backward(by_outputs)

    def written_out() -> None:
        perceptron.outputs(observation)
        perceptron.backward(by_outputs)

    def measure(both: Callable[[], None]) -> float:
        for _ in range(20):
            both()
        # By processor time: a core of its own, even while others work on the machine.
        count, began = 0, time.thread_time()
        while time.thread_time() - began < seconds:
            for _ in range(20):
                both()
            count += 20 * rows
        return count / (time.thread_time() - began)

    found = {}
    choose_matmul()
    found["as_trained"] = measure(written_out)
    found["products"] = measure(differentiated)
    torch.set_float32_matmul_precision("highest")
    found["as_installed"] = measure(differentiated)
    return found
