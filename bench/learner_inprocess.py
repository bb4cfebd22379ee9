"""How fast the learner learns, in agent steps: engine, acting and updates in one process, no network.

    python bench/learner_inprocess.py --game solo --algorithm ppo --steps 2000000

Acts through onnxruntime on exported policies, as an actor does, and renews the acting policy only every
`--publish-every` agent steps, so that the lag of the mesh is part of the measurement. Prints one JSON
line per evaluation: success of the greedy policy on held-out mazes (solo), or its score against each
bot (race).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from typing import Any

import numpy as np
import onnxruntime
import torch

from learner.onnx_policy import to_onnx
from learner.presets import architecture_of, preset
from mazemesh.games import BOTS, GameSettings, Purpose, get_game, seeds
from mazemesh.games.engine import BatchEngine

EVALUATION_GAMES = 512


class Policy:
    """An exported policy on one thread."""

    def __init__(self, data: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(data, options)

    def __call__(self, observation: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = observation.shape[-1]
        inputs = {
            "observation": observation.reshape(-1, size),
            "action_mask": mask.reshape(-1, mask.shape[-1]),
        }
        logits, value = self._session.run(["logits", "value"], inputs)
        return logits.reshape(*observation.shape[:-1], -1), value.reshape(observation.shape[:-1])


def evaluate(policy: Policy, game: str, settings: GameSettings, temperature: float) -> dict[str, float]:
    """Mean score of seat 0 in games against each bot (or alone), all rotations, held-out seeds."""
    settings = dataclasses.replace(settings, shaping=0.0)
    seats = get_game(game).resolve(settings).seats
    rng = np.random.default_rng(0)
    result = {}
    for opponent in BOTS if seats > 1 else ("alone",):
        engine = BatchEngine(get_game(game), settings, EVALUATION_GAMES, autoreset=False)
        if seats > 1:
            engine.next_controller[:, 1:] = BOTS.index(opponent)
        engine.reset(
            seed=seeds.seed(Purpose.EVALUATION, 7),
            game_id=np.arange(EVALUATION_GAMES) // seats,
            rotation=np.arange(EVALUATION_GAMES) % seats,
        )
        score = np.zeros(EVALUATION_GAMES)
        while engine.active.any():
            logits, _ = policy(engine.observation, engine.action_mask)
            if temperature > 0:
                logits = logits / temperature + rng.gumbel(size=logits.shape)
            engine.step(logits.argmax(-1).astype(np.int8))
            ended = engine.terminated | engine.truncated
            score[ended] = engine.score[ended, 0]
        result[opponent] = float(score.mean())
    return result


class UnrollActors:
    """Games in lock-step that yield batches of unrolls of seat 0."""

    def __init__(self, engine: BatchEngine, length: int, rng: np.random.Generator) -> None:
        self.engine, self.length, self.rng = engine, length, rng

    def collect(self, policy: Policy) -> dict[str, np.ndarray]:
        engine, n, length = self.engine, self.engine.num_games, self.length
        size, actions = engine.spec.observation_size, engine.spec.num_actions
        c: dict[str, np.ndarray] = {
            "observation": np.empty((n, length, size), np.uint8),
            "action_mask": np.empty((n, length, actions), np.uint8),
            "action": np.empty((n, length), np.int8),
            "behaviour_log_probability": np.empty((n, length), np.float32),
            "reward": np.empty((n, length), np.float32),
            "terminated": np.empty((n, length), bool),
            "truncated": np.empty((n, length), bool),
            "bootstrap_value": np.zeros((n, length), np.float32),
        }
        rows = np.arange(n)
        for t in range(length):
            logits, _ = policy(engine.observation, engine.action_mask)
            chosen = (logits + self.rng.gumbel(size=logits.shape)).argmax(-1).astype(np.int8)
            own = logits[:, 0] - logits[:, 0].max(-1, keepdims=True)
            log_policy = own - np.log(np.exp(own).sum(-1, keepdims=True))
            c["observation"][:, t] = engine.observation[:, 0]
            c["action_mask"][:, t] = engine.action_mask[:, 0]
            c["action"][:, t] = chosen[:, 0]
            c["behaviour_log_probability"][:, t] = log_policy[rows, chosen[:, 0]]
            engine.step(chosen)
            c["reward"][:, t] = engine.reward[:, 0]
            c["terminated"][:, t] = engine.terminated
            c["truncated"][:, t] = engine.truncated
            cut = np.flatnonzero(engine.truncated)
            if len(cut):
                ones = np.ones((len(cut), actions), np.uint8)
                c["bootstrap_value"][cut, t] = policy(engine.final_observation[cut, 0], ones)[1]
        c["last_observation"] = engine.observation[:, 0].copy()
        c["last_action_mask"] = engine.action_mask[:, 0].copy()
        return c


def train_ppo(options: argparse.Namespace, overrides: dict[str, Any]) -> None:
    from learner.ppo import PPO

    chosen = preset(options.game, "ppo")
    config = dataclasses.replace(chosen.ppo, **overrides)
    settings = dataclasses.replace(chosen.settings, **json.loads(options.settings))
    game = get_game(options.game)
    spec = game.spec(settings)
    architecture = architecture_of(chosen, spec.observation_size, spec.num_actions)
    if options.hidden:
        architecture = dataclasses.replace(architecture, hidden=tuple(options.hidden))
    if options.activation:
        architecture = dataclasses.replace(architecture, activation=options.activation)
    from learner.architecture import initial_parameters

    rng = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    learner = PPO(
        architecture,
        initial_parameters(architecture, options.seed),
        config,
        torch.device("cpu"),
        torch.Generator().manual_seed(options.seed),
    )
    engine = BatchEngine(game, settings, config.unrolls_per_batch)
    if spec.seats > 1:
        # Half self-play against the acting policy, the rest spread over the bots.
        half = engine.num_games // 2
        engine.next_controller[half:, 1:] = (np.arange(half) % len(BOTS))[:, None]
    engine.reset(
        seed=seeds.seed(Purpose.TRAINING, options.seed), game_id=np.arange(engine.num_games)
    )
    actors = UnrollActors(engine, config.unroll_length, rng)
    policy = Policy(to_onnx(architecture, learner.network.parameters_as_arrays()))
    agent_steps = published = 0
    next_evaluation = options.evaluate_every
    seconds = 0.0
    pending: list[dict[str, np.ndarray]] = []
    while agent_steps < options.steps:
        batch = actors.collect(policy)
        pending.append(batch)
        agent_steps += batch["action"].size
        if len(pending) > options.queue:
            start = time.perf_counter()
            statistics = learner.update(pending.pop(0))
            seconds += time.perf_counter() - start
        if agent_steps - published >= options.publish_every:
            published = agent_steps
            policy = Policy(to_onnx(architecture, learner.network.parameters_as_arrays()))
        if agent_steps >= next_evaluation:
            next_evaluation += options.evaluate_every
            current = Policy(to_onnx(architecture, learner.network.parameters_as_arrays()))
            report(options, agent_steps, seconds, statistics, current, settings)


def report(
    options: argparse.Namespace,
    agent_steps: int,
    seconds: float,
    statistics: dict[str, float],
    policy: Policy,
    settings: GameSettings,
) -> None:
    line: dict[str, Any] = {"tag": options.tag, "agent_steps": agent_steps}
    line["greedy"] = evaluate(policy, options.game, settings, 0.0)
    line["sampled"] = evaluate(policy, options.game, settings, 1.0)
    line["learner_steps_per_second"] = round(agent_steps / seconds)
    line |= {name: round(value, 4) for name, value in statistics.items()}
    print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--game", default="solo")
    parser.add_argument("--algorithm", default="ppo", choices=("ppo", "dqn"))
    parser.add_argument("--steps", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--publish-every", type=int, default=60_000)
    parser.add_argument("--evaluate-every", type=int, default=200_000)
    parser.add_argument("--queue", type=int, default=1, help="batches that wait for the learner")
    parser.add_argument("--settings", default="{}", help="JSON of game settings")
    parser.add_argument("--config", default="{}", help="JSON of algorithm settings")
    parser.add_argument("--hidden", type=int, nargs="*")
    parser.add_argument("--activation")
    parser.add_argument("--tag", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    train_ppo(options, json.loads(options.config))


if __name__ == "__main__":
    main()
