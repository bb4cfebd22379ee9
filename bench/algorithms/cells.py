"""What is compared: an algorithm on a game, for as many steps as the peer's own settings take.

The peer is Stable-Baselines3 with the settings of RL Baselines3 Zoo (`hyperparams/*.yml`), which it
documents as its own; where those take more steps than a table of this size can, `steps` are fewer
for both, which a cell says by `cut`. Ours are the presets, as `mazemesh up` takes them. Both sides
compute with one thread of torch; a mesh is several processes besides, a peer is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One comparison.

    Attributes:
        algorithm: As `--algorithm` takes it.
        game: As `--game` takes it.
        steps: Environment steps of both; of a game of several agents, steps of all.
        peer: Arguments of the peer's algorithm, and `n_envs`; of Stable-Baselines3 `normalize`,
            `noise` and `policy`, of skrl `shared`: agents have one policy and one critic.
        judged: What the trained policy is judged on, if that is another game.
        quick: Whether it is among the few that are run unless told otherwise.
        cut: The peer's own settings take more steps.
        by: Whose implementation it is compared with: Stable-Baselines3 or skrl.
    """

    algorithm: str
    game: str
    steps: int
    peer: Mapping[str, Any] = field(default_factory=dict)
    judged: str = ""
    quick: bool = False
    cut: bool = False
    by: str = "sb3"

    @property
    def needs(self) -> tuple[str, ...]:
        """Modules without which the game is not there."""
        return next((modules for part, modules in NEEDS.items() if part in self.game), ())

    @property
    def drawn(self) -> bool:
        """Whether judged policies draw their actions: RL Baselines3 Zoo judges so on ALE and
        MiniGrid, where the best action of every cell may turn on the spot."""
        return self.algorithm != "dqn" and any(part in self.game for part in ("ALE/", "Rooms"))

    @property
    def name(self) -> str:
        """As `--cells` takes it: `sac/Pendulum-v1`."""
        return f"{self.algorithm}/{self.game.rpartition(':')[2]}"


NEEDS = {"ALE/": ("ale_py", "cv2"), "Rooms": ("minigrid",), "mpe2": ("mpe2",)}

_WRAPPED = "gymnasium:bench.algorithms.environments"
CARTPOLE, PENDULUM = "gymnasium:CartPole-v1", "gymnasium:Pendulum-v1"
CAR = "gymnasium:MountainCarContinuous-v0"
BREAKOUT, WHOLE_BREAKOUT = f"{_WRAPPED}:ALE/BreakoutLives-v0", f"{_WRAPPED}:ALE/BreakoutSeen-v0"
ROOMS, SPREAD = f"{_WRAPPED}:Rooms-v0", "pettingzoo:mpe2.simple_spread_v3"

_DETERMINISTIC = {
    "learning_rate": 1e-3,
    "buffer_size": 200_000,
    "learning_starts": 10_000,
    "gamma": 0.98,
    "train_freq": 1,
    "gradient_steps": 1,
    "policy_kwargs": {"net_arch": [400, 300]},
    "noise": ("normal", 0.1),
}
_EXPLORING = {
    "learning_rate": 1e-3,
    "train_freq": 1,
    "gradient_steps": 1,
    "policy_kwargs": {"net_arch": [400, 300]},
    "noise": ("ornstein-uhlenbeck", 0.5),
}
_ATARI = {"policy": "CnnPolicy"}

CELLS = (
    Cell(
        "ppo",
        CARTPOLE,
        100_000,
        {
            "n_envs": 8,
            "n_steps": 32,
            "batch_size": 256,
            "gae_lambda": 0.8,
            "gamma": 0.98,
            "n_epochs": 20,
            "ent_coef": 0.0,
            "learning_rate": "lin_0.001",
            "clip_range": "lin_0.2",
        },
        quick=True,
    ),
    Cell("a2c", CARTPOLE, 500_000, {"n_envs": 8, "ent_coef": 0.0}, quick=True),
    Cell(
        "dqn",
        CARTPOLE,
        50_000,
        {
            "learning_rate": 2.3e-3,
            "batch_size": 64,
            "buffer_size": 100_000,
            "learning_starts": 1000,
            "gamma": 0.99,
            "target_update_interval": 10,
            "train_freq": 256,
            "gradient_steps": 128,
            "exploration_fraction": 0.16,
            "exploration_final_eps": 0.04,
            "policy_kwargs": {"net_arch": [256, 256]},
        },
        quick=True,
    ),
    Cell("sac", PENDULUM, 20_000, {"learning_rate": 1e-3}, quick=True),
    Cell("td3", PENDULUM, 20_000, _DETERMINISTIC),
    Cell("ddpg", PENDULUM, 20_000, _DETERMINISTIC),
    Cell(
        "ppo",
        PENDULUM,
        100_000,
        {
            "n_envs": 4,
            "n_steps": 1024,
            "gae_lambda": 0.95,
            "gamma": 0.9,
            "n_epochs": 10,
            "ent_coef": 0.0,
            "learning_rate": 1e-3,
            "clip_range": 0.2,
            "use_sde": True,
            "sde_sample_freq": 4,
        },
    ),
    Cell(
        "a2c",
        PENDULUM,
        1_000_000,
        {
            "n_envs": 8,
            "normalize": True,
            "n_steps": 8,
            "gamma": 0.9,
            "gae_lambda": 0.9,
            "ent_coef": 0.0,
            "learning_rate": "lin_7e-4",
            "max_grad_norm": 0.5,
            "vf_coef": 0.4,
            "use_sde": True,
            "policy_kwargs": {"log_std_init": -2, "ortho_init": False},
        },
    ),
    Cell(
        "sac",
        CAR,
        50_000,
        {
            "learning_rate": 3e-4,
            "buffer_size": 50_000,
            "batch_size": 512,
            "ent_coef": 0.1,
            "train_freq": 32,
            "gradient_steps": 32,
            "gamma": 0.9999,
            "tau": 0.01,
            "learning_starts": 0,
            "use_sde": True,
            "policy_kwargs": {"log_std_init": -3.67, "net_arch": [64, 64]},
        },
    ),
    Cell("td3", CAR, 100_000, _EXPLORING, cut=True),
    Cell("ddpg", CAR, 100_000, _EXPLORING, cut=True),
    Cell(
        "ppo",
        CAR,
        20_000,
        {
            "n_envs": 1,
            "normalize": True,
            "n_steps": 8,
            "batch_size": 8,
            "gae_lambda": 0.9,
            "gamma": 0.9999,
            "n_epochs": 10,
            "ent_coef": 0.00429,
            "learning_rate": 7.77e-05,
            "clip_range": 0.1,
            "max_grad_norm": 5.0,
            "vf_coef": 0.19,
            "use_sde": True,
            "policy_kwargs": {"log_std_init": -3.29, "ortho_init": False},
        },
    ),
    Cell(
        "a2c",
        CAR,
        100_000,
        {
            "n_envs": 4,
            "normalize": True,
            "n_steps": 100,
            "ent_coef": 0.0,
            "use_sde": True,
            "sde_sample_freq": 16,
            "policy_kwargs": {"log_std_init": 0.0, "ortho_init": False},
        },
    ),
    Cell(
        "ppo",
        BREAKOUT,
        100_000,
        {
            **_ATARI,
            "n_envs": 8,
            "n_steps": 128,
            "n_epochs": 4,
            "batch_size": 256,
            "learning_rate": "lin_2.5e-4",
            "clip_range": "lin_0.1",
            "vf_coef": 0.5,
            "ent_coef": 0.01,
        },
        judged=WHOLE_BREAKOUT,
        cut=True,
    ),
    Cell(
        "a2c",
        BREAKOUT,
        100_000,
        {**_ATARI, "n_envs": 16, "ent_coef": 0.01, "vf_coef": 0.25},
        judged=WHOLE_BREAKOUT,
        cut=True,
    ),
    Cell(
        "dqn",
        BREAKOUT,
        100_000,
        {
            **_ATARI,
            "buffer_size": 50_000,
            "learning_rate": 1e-4,
            "batch_size": 32,
            "learning_starts": 10_000,
            "target_update_interval": 1000,
            "train_freq": 4,
            "gradient_steps": 1,
            "exploration_fraction": 0.1,
            "exploration_final_eps": 0.01,
        },
        judged=WHOLE_BREAKOUT,
        cut=True,
    ),
    *(
        Cell(
            algorithm,
            ROOMS,
            100_000,
            settings,
        )
        for algorithm, settings in (
            (
                "ppo",
                {
                    "n_envs": 8,
                    "normalize": True,
                    "n_steps": 128,
                    "batch_size": 64,
                    "gae_lambda": 0.95,
                    "gamma": 0.99,
                    "n_epochs": 10,
                    "ent_coef": 0.0,
                    "learning_rate": 2.5e-4,
                    "clip_range": 0.2,
                },
            ),
            ("a2c", {"n_envs": 8}),
            ("dqn", {"learning_starts": 1000, "buffer_size": 50_000}),
        )
    ),
    # skrl documents settings for thousands of robots at once only; these are those of Yu et al.
    # (2022, table 7), with as many games at once as ours.
    Cell(
        "mappo",
        SPREAD,
        500_000,
        {
            "n_envs": 16,
            "shared": True,
            "rollouts": 25,
            "learning_epochs": 10,
            "mini_batches": 3,
            "learning_rate": 7e-4,
            "entropy_loss_scale": 0.01,
            "value_loss_scale": 1.0,
            "grad_norm_clip": 10.0,
        },
        by="skrl",
    ),
)
