"""skrl's MAPPO on a parallel game of PettingZoo, in the virtual environment of its own.

Arguments and what is printed are those of `sb3_algorithm.py`. `steps` are of all agents together.
Policy and critic are of all agents, as in Yu et al. (2022); skrl gives each agent an optimizer of
its own. Its wrapper of PettingZoo holds one game; here `n_envs` step beside each other, so that a
network is asked once for all of them, which is much the faster.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skrl.envs.wrappers.torch.base import MultiAgentEnvWrapper
from skrl.memories.torch import RandomMemory
from skrl.models.torch import CategoricalMixin, DeterministicMixin, Model
from skrl.multi_agents.torch.mappo import MAPPO, MAPPO_CFG
from skrl.resources.preprocessors.torch import RunningStandardScaler
from skrl.trainers.torch import SequentialTrainer
from skrl.utils import set_seed

Columns = dict[str, torch.Tensor]
UNUSED = ("learning_rate_scheduler", "observation_preprocessor", "state_preprocessor")


class Games(MultiAgentEnvWrapper):
    """So many games, each of which begins anew when it is over."""

    def __init__(self, module: str, count: int, seed: int) -> None:
        self._games = [importlib.import_module(module).parallel_env() for _ in range(count)]
        super().__init__(self._games[0])
        self._seed = seed

    @property
    def num_envs(self) -> int:
        """How many games."""
        return len(self._games)

    @property
    def state_spaces(self) -> dict[str, Any]:
        """The whole game's, for each agent."""
        return dict.fromkeys(self.possible_agents, self._games[0].state_space)

    def reset(self) -> tuple[Columns, dict[str, Any]]:
        """First observations [games, n] by agent."""
        seen = [game.reset(seed=self._seed + number)[0] for number, game in enumerate(self._games)]
        return self._columns(seen), {}

    def step(self, actions: Columns) -> tuple[Columns, Columns, Columns, Columns, dict[str, Any]]:
        """What is seen next, of the new game where one is over; rewards and ends [games, 1]."""
        chosen = {name: column.view(-1).tolist() for name, column in actions.items()}
        told = []
        for number, game in enumerate(self._games):
            seen, rewards, ended, cut, _ = game.step(
                {name: column[number] for name, column in chosen.items()}
            )
            if not game.agents:
                seen, _ = game.reset()
            told.append((seen, rewards, ended, cut))
        seen, rewards, ended, cut = (self._columns(list(part)) for part in zip(*told, strict=True))
        return seen, rewards, self._flags(ended), self._flags(cut), {}

    def state(self) -> Columns:
        """Of every game [games, n], for each agent."""
        states = torch.from_numpy(np.stack([game.state() for game in self._games]).astype("f4"))
        return dict.fromkeys(self.possible_agents, states)

    def render(self, *_: Any, **__: Any) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """All of them."""
        for game in self._games:
            game.close()

    def _columns(self, rows: list[dict[str, Any]]) -> Columns:
        return {
            name: torch.from_numpy(
                np.stack([np.atleast_1d(np.asarray(row[name], np.float32)) for row in rows])
            )
            for name in self.possible_agents
        }

    def _flags(self, columns: Columns) -> Columns:
        return {name: column.bool() for name, column in columns.items()}


def layers(inputs: int, outputs: int, gain: float) -> torch.nn.Sequential:
    """Two of 64 units, with the paper's initialization."""
    made = torch.nn.Sequential(
        torch.nn.Linear(inputs, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, outputs),
    )
    for number, layer in enumerate(made):
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.orthogonal_(layer.weight, gain if number == 4 else 2**0.5)
            torch.nn.init.zeros_(layer.bias)
    return made


class Policy(CategoricalMixin, Model):
    """Of what an agent sees."""

    def __init__(self, spaces: dict[str, Any]) -> None:
        Model.__init__(self, **spaces)
        CategoricalMixin.__init__(self)
        self.net = layers(self.num_observations, self.num_actions, 0.01)

    def compute(self, inputs: Columns, role: str) -> tuple[torch.Tensor, dict[str, Any]]:
        """Logits."""
        return self.net(inputs["observations"]), {}


class Critic(DeterministicMixin, Model):
    """Of the whole game."""

    def __init__(self, spaces: dict[str, Any]) -> None:
        Model.__init__(self, **spaces)
        DeterministicMixin.__init__(self)
        self.net = layers(self.num_states, 1, 1.0)

    def compute(self, inputs: Columns, role: str) -> tuple[torch.Tensor, dict[str, Any]]:
        """Values."""
        return self.net(inputs["states"]), {}


def returns_of_agents(policy: Policy, module: str, episodes: int, seed: int) -> list[float]:
    """Mean returns of the agents, each of which plays the policy greedily."""
    game, returns = importlib.import_module(module).parallel_env(), []
    for episode in range(episodes):
        seen, _ = game.reset(seed=seed + episode)
        totals = dict.fromkeys(seen, 0.0)
        while game.agents:
            rows = np.stack([np.asarray(seen[name], np.float32) for name in game.agents])
            with torch.no_grad():
                chosen = policy.net(torch.from_numpy(rows)).argmax(1).tolist()
            seen, rewards, *_ = game.step(dict(zip(game.agents, chosen, strict=True)))
            for name, reward in rewards.items():
                totals[name] += float(reward)
        returns.append(sum(totals.values()) / len(totals))
    return returns


def main(given: dict[str, Any]) -> dict[str, Any]:
    """Trains, then judges."""
    torch.set_num_threads(1)
    set_seed(given["seed"])
    settings = dict(given["peer"])
    env = Games(given["game"], settings.pop("n_envs"), given["seed"])
    shared = settings.pop("shared")
    agents = list(env.possible_agents)

    def models() -> dict[str, Model]:
        spaces = {
            "observation_space": env.observation_space(agents[0]),
            "state_space": env.state_spaces[agents[0]],
            "action_space": env.action_space(agents[0]),
            "device": "cpu",
        }
        return {"policy": Policy(spaces), "value": Critic(spaces)}

    one = models()
    with tempfile.TemporaryDirectory(prefix="skrl-") as folder:
        learner = MAPPO(
            possible_agents=agents,
            models={name: one if shared else models() for name in agents},
            memories={
                name: RandomMemory(
                    memory_size=settings["rollouts"], num_envs=env.num_envs, device="cpu"
                )
                for name in agents
            },
            observation_spaces={name: env.observation_space(name) for name in agents},
            state_spaces=env.state_spaces,
            action_spaces={name: env.action_space(name) for name in agents},
            device="cpu",
            cfg=MAPPO_CFG(
                **settings,
                time_limit_bootstrap=True,
                value_preprocessor=RunningStandardScaler,
                value_preprocessor_kwargs={"size": 1, "device": "cpu"},
                # Its own defaults, {}, it takes for arguments of no agent (2.1.1).
                **{f"{part}_kwargs": {name: {} for name in agents} for part in UNUSED},
                experiment={"directory": folder, "write_interval": 0, "checkpoint_interval": 0},
            ),
        )
        steps = max(1, given["steps"] // (len(agents) * env.num_envs))
        SequentialTrainer(
            env=env,
            agents=learner,
            cfg={
                "timesteps": steps,
                "headless": True,
                "disable_progressbar": True,
                "close_environment_at_exit": False,  # which tells so on stdout
            },
        ).train()
    trained = time.time()
    returns = returns_of_agents(
        one["policy"], given["judged"], given["episodes"], given["evaluation_seed"]
    )
    return {"trained": trained, "returns": returns}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
