"""A learner trains on what agents of a simulator in Python live through."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from learner.learn import learn
from learner.settings import LearnerSettings
from mazemesh.client.model import ModelClient
from mazemesh.external import AgentKind, Rows, Simulator
from mazemesh.external.kinds import TERMINATED
from mazemesh.games.spaces import Box, Discrete
from tests.servers.external_run import external_world

INFINITE = float("inf")
SPACES = "[observation]\nbox = [1]\n[action]\ndiscrete = 3\n"
ROCK, PAPER = 0, 1
PAYOFF = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], np.float32)
"""Of rock, paper and scissors, by the own choice and the other's."""
GAMES = 64


@pytest.mark.slow
def test_two_agents_come_to_play_rock_paper_scissors_uniformly(tmp_path: Path) -> None:
    """First against one who plays rock, so that paper is learned; then against itself."""
    spaces = tmp_path / "rps.toml"
    spaces.write_text(SPACES)
    kind = AgentKind(Box((-INFINITE,), (INFINITE,), (1,)), Discrete(3), "rps")
    with external_world(tmp_path) as world, closing(ModelClient(world.model.address)) as sink:
        settings = LearnerSettings(
            game="external:rps",
            spaces=spaces,
            policy="rps",
            data_dir=tmp_path / "learner",
            tracking="none",
            hidden=[16],
            seed=1,
            batches_ahead=1,
            publish_steps=100,
            publish_seconds=0.2,
            hyperparameters={
                "unroll_length": 4,
                "unrolls_per_batch": 64,
                "minibatch_size": 256,
                "epochs": 4,
                "learning_rate": 0.01,
                "final_learning_rate": 0.003,
                "anneal_updates": 200,
                "discount": 0.5,
                "entropy_cost": 0.5,
            },
        )
        stop = threading.Event()
        about = settings, world.replay, sink, CollectorRegistry(), stop
        learning = threading.Thread(target=learn, args=about)
        learning.start()
        try:
            with world.model.client.simulator({"player": kind}, policy_seconds=60) as simulator:

                def chances() -> np.ndarray:
                    """Of rock, paper and scissors, of the newest version."""
                    columns = {"observation": np.zeros((1, 1), np.float32)}
                    told = world.model.client.infer("rps", columns, outputs=["logits"])
                    odds = np.exp(told["logits"][0])
                    return odds / odds.sum()

                against_rock(simulator, lambda: chances()[PAPER] > 0.55)
                against_itself(simulator, lambda: np.abs(chances() - 1 / 3).max() < 0.1)
        finally:
            stop.set()
            learning.join()


def against_rock(simulator: Simulator, enough: Callable[[], bool]) -> None:
    games = np.arange(GAMES)
    play(simulator, games, None, lambda actions: PAYOFF[actions, ROCK], enough)


def against_itself(simulator: Simulator, enough: Callable[[], bool]) -> None:
    """Two agents an episode: both learn."""

    def pay(actions: np.ndarray) -> np.ndarray:
        left, right = actions[0::2], actions[1::2]
        return np.stack([PAYOFF[left, right], PAYOFF[right, left]], axis=1).reshape(-1)

    play(simulator, np.repeat(np.arange(GAMES), 2), np.tile([0, 1], GAMES), pay, enough)


def play(
    simulator: Simulator,
    games: np.ndarray,
    agents: np.ndarray | None,
    pay: Callable[[np.ndarray], np.ndarray],
    enough: Callable[[], bool],
) -> None:
    seen = np.zeros((len(games), 1), np.float32)
    over = np.full(len(games), TERMINATED)
    until = time.monotonic() + 120
    while not enough():
        assert time.monotonic() < until
        chosen = simulator.turn({"player": Rows(games, seen, agents=agents)})
        rewards = pay(chosen.actions["player"].astype(int))
        rows = Rows(games, seen, agents=agents, rewards=rewards, status=over)
        simulator.turn({"player": rows}, ended=set(games.tolist()))
