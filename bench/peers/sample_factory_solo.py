"""Workload A by Sample Factory's APPO, in the virtual environment of its own.

Arguments: a JSON file with the workload. Leaves weights by training time in a folder, and a JSON
object with its rates. The weights are those of its checkpoints, one a second; its own learner
writes them, on the training clock.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from sample_factory.algo.runners.runner import AlgoObserver, Runner
from sample_factory.algo.utils.misc import ExperimentStatus
from sample_factory.cfg.arguments import parse_full_cfg, parse_sf_args
from sample_factory.envs.env_utils import register_env
from sample_factory.train import make_runner
from sample_factory.utils.attr_dict import AttrDict
from signal_slot.signal_slot import EventLoopObject, signal

from bench.peers.solo_run import learning_rate, make_game, rates_between, steps_per_update

WORKERS = 2


class Schedule(AlgoObserver, EventLoopObject):
    """Sets the learning rate as its population-based training would, and ends the run in time."""

    def __init__(self, workload: dict[str, Any], runner: Runner) -> None:
        EventLoopObject.__init__(self, runner.event_loop, "schedule")
        self.workload = workload

    @signal
    def changed(self) -> None: ...

    def on_connect_components(self, runner: Runner) -> None:
        self.changed.connect(runner.learners[0].on_update_cfg)

    def on_training_step(self, runner: Runner, training_iteration_since_resume: int) -> None:
        rate = learning_rate(self.workload, runner.env_steps.get(0, 0))
        self.changed.emit({"learning_rate": rate})
        # `train_for_seconds` is held against this, which version 2.1 itself never counts up.
        runner.total_train_seconds = time.time() - self.workload["started"]


def make(workload: dict[str, Any], *_: Any, **__: Any) -> gymnasium.Env:
    return make_game(workload)


def configuration(workload: dict[str, Any]) -> Any:
    rates, batch = workload["rates"], workload["minibatch_size"]
    settings = {
        "env": "solo",
        "train_dir": workload["folder"],
        "experiment": "run",
        "restart_behavior": "overwrite",
        "seed": workload["seed"],
        "device": "cpu",
        "async_rl": workload["vector"] == "async",
        "num_workers": WORKERS,
        "num_envs_per_worker": workload["games"] // WORKERS,
        "rollout": workload["unroll_length"],
        "recurrence": 1,
        "batch_size": batch,
        "num_batches_per_epoch": steps_per_update(workload) // batch,
        "num_epochs": workload["epochs"],
        "shuffle_minibatches": True,
        "learning_rate": rates["learning_rate"],
        "gamma": rates["discount"],
        "gae_lambda": rates["trace"],
        "ppo_clip_ratio": rates["clip"],
        "ppo_clip_value": 1e6,
        "exploration_loss_coeff": rates["entropy_cost"],
        "value_loss_coeff": rates["value_cost"],
        "max_grad_norm": rates["max_gradient_norm"],
        "value_bootstrap": True,
        "normalize_returns": False,
        "normalize_input": False,
        "obs_scale": 255.0,
        "use_rnn": False,
        "nonlinearity": "relu",
        "train_for_seconds": int(workload["seconds"]),
        "save_every_sec": 1,
        "keep_checkpoints": 1_000_000,
    }
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    arguments += ["--encoder_mlp_layers", *map(str, workload["hidden"])]
    parser, _ = parse_sf_args(arguments)
    # As resuming gives it: a changed rate is set by key.
    return AttrDict(vars(parse_full_cfg(parser, arguments)))


def train(workload: dict[str, Any]) -> dict[str, float]:
    register_env("solo", partial(make, workload))
    _, runner = make_runner(configuration(workload))
    runner.register_observer(Schedule(workload, runner))
    status = runner.init()
    if status == ExperimentStatus.SUCCESS:
        status = runner.run()
    if status != ExperimentStatus.SUCCESS:
        raise RuntimeError(f"Sample Factory ended with {status}")
    return rates_between(workload, convert(workload))


def convert(workload: dict[str, Any]) -> list[tuple[float, int]]:
    """Its checkpoints as snapshots; when they were written and the agent steps learned from."""
    folder, written = Path(workload["folder"]), []
    names = {"action_parameterization.distribution_linear": "action", "critic_linear": "value"}
    for index in range(len(workload["hidden"])):
        names[f"encoder.encoders.obs.mlp_head.{2 * index}"] = f"hidden.{index}"
    for path in sorted(folder.glob("run/checkpoint_p0/checkpoint_*.pth")):
        seconds = path.stat().st_mtime - workload["started"]
        checkpoint = torch.load(path, weights_only=False)
        arrays = {
            f"{ours}.{part}": checkpoint["model"][f"{theirs}.{part}"].numpy()
            for theirs, ours in names.items()
            for part in ("weight", "bias")
        }
        steps = checkpoint["env_steps"]
        np.savez(folder / f"{path.stem}.npz", seconds=seconds, agent_steps=steps, **arrays)
        written.append((seconds, steps))
    return written


if __name__ == "__main__":
    print(json.dumps(train(json.loads(Path(sys.argv[1]).read_text()))))
