"""How fast the learner learns, in agent steps: engine, acting and updates in one process.

    python -m bench.learner.inprocess --game solo --algorithm ppo --steps 1000000

Acts as an actor does, through onnxruntime on exported policies, and renews the acting policy only
every `--publish-every` agent steps, so that the lag of a mesh is part of the measurement. Prints
one JSON line per evaluation: mean score of the greedy and of the sampling policy on held-out mazes,
against each bot where the game has opponents. Counted in agent steps, the result does not depend on
the machine. They are those of all seats that were played, whether they train or not, and each
version is `--publish-every` of them younger than the next.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import torch

from learner.loop.building import build
from learner.network.architecture import initial_parameters
from learner.network.export.onnx_policy import to_onnx
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.collecting.sequences import SequenceCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import Consequence, Decision
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.games import BOTS, Purpose, get_game, seeds
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.policy.sampling import ape_x_epsilons, epsilon_greedy, sample
from mazemesh.process.settings import parse_settings

EVALUATION_GAMES = 512


class Policy:
    def __init__(self, run: Run, parameters: dict[str, np.ndarray]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        data = to_onnx(run.architecture, parameters)
        self._session = onnxruntime.InferenceSession(data, options)
        self.memory = run.architecture.memory

    def __call__(
        self, observation: np.ndarray, mask: np.ndarray, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logits, value and the next state [n, memory]; the state before may be [n, 0]."""
        inputs = {"observation": observation, "action_mask": mask}
        if not self.memory:
            logits, value = self._session.run(["logits", "value"], inputs)
            return logits, value, state
        outputs = ["logits", "value", "next_state"]
        logits, value, state = self._session.run(outputs, {**inputs, "state": state})
        return logits, value, state


@dataclass
class Batch:
    columns: dict[str, np.ndarray]
    keys: np.ndarray
    probabilities: np.ndarray
    policy_versions: np.ndarray
    table_size: int


class Queue:
    """What PPO's table does: each batch once, `delay` batches late."""

    def __init__(self, run: Run, delay: int) -> None:
        self._rows, self._delay = run.batch_rows, delay
        self._waiting: list[Any] = []

    def add(self, experience: Any) -> None:
        self._waiting.append(experience)

    def take(self) -> Batch | None:
        if sum(e.rows for e in self._waiting) < self._rows * (self._delay + 1):
            return None
        parts, rows = [], 0
        while rows < self._rows:
            parts.append(self._waiting.pop(0))
            rows += parts[-1].rows
        columns = {n: np.concatenate([p.columns[n] for p in parts]) for n in parts[0].columns}
        versions = np.concatenate([p.policy_versions for p in parts])
        return Batch(columns, np.arange(rows, dtype=np.uint64), np.ones(rows), versions, rows)

    def update(self, keys: np.ndarray, priorities: np.ndarray) -> None:
        pass


class Prioritized:
    """What DQN's table does: a ring, P(i) ~ p_i^alpha, samples per insert held exactly."""

    def __init__(self, run: Run, seed: int) -> None:
        self._config, self._rows = run.config, run.batch_rows
        capacity = run.config.table_capacity
        self._columns = {
            c.name: np.zeros((capacity, *c.shape), c.dtype) for c in run.signature.columns
        }
        self._priorities = np.zeros(capacity)
        self._capacity, self._inserts, self._samples = capacity, 0, 0
        self._rng = np.random.default_rng(seed)

    def add(self, experience: Any) -> None:
        slots = (self._inserts + np.arange(experience.rows)) % self._capacity
        for name, column in experience.columns.items():
            self._columns[name][slots] = column
        self._priorities[slots] = experience.priorities
        self._inserts += experience.rows

    def take(self) -> Batch | None:
        config = self._config
        allowed = (self._inserts - config.min_size) * config.samples_per_insert
        if self._inserts < config.min_size or self._samples + self._rows > allowed:
            return None
        size = min(self._inserts, self._capacity)
        mass = np.cumsum(self._priorities[:size] ** config.priority_exponent)
        rows = np.searchsorted(mass, self._rng.random(self._rows) * mass[-1], side="right")
        rows = np.minimum(rows, size - 1)
        self._samples += self._rows
        weight = self._priorities[rows] ** config.priority_exponent
        return Batch(
            {name: column[rows] for name, column in self._columns.items()},
            rows.astype(np.uint64),
            weight / mass[-1],
            np.full(len(rows), -1),
            size,
        )

    def update(self, keys: np.ndarray, priorities: np.ndarray) -> None:
        self._priorities[keys.astype(np.int64)] = priorities


class Games:
    """Games in lock-step; seat 0 is the student's.

    In half of them the others are, too, as an actor's are where the opponent is the latest version:
    unless `every_seat` is false, they train as well.
    """

    def __init__(self, run: Run, count: int, seed: int, *, every_seat: bool = True) -> None:
        self.run, self.engine = run, BatchEngine(get_game(run.game), run.game_settings, count)
        self.rng = np.random.default_rng(seed)
        self.seats = self.engine.spec.seats
        if self.seats > 1:
            # Half self-play against the acting policy, the rest spread over the bots.
            half = count // 2
            self.engine.next_controller[half:, 1:] = (np.arange(half) % len(BOTS))[:, None]
        self.engine.reset(seed=seeds.seed(Purpose.TRAINING, seed), game_id=np.arange(count))
        trained = np.zeros((count, self.seats), np.bool_)
        trained[:, 0] = True
        trained[: count // 2] |= every_seat
        self.games, self.places = np.nonzero(trained)
        self.own = np.flatnonzero(trained)
        games, count = count, len(self.own)
        shown, config = Shown.of(self.engine.spec), run.config
        self.collector: Any
        memory = run.architecture.memory
        self.state = np.zeros((games * self.seats, memory), np.float32)
        if run.collection.HasField("unroll"):
            self.collector = UnrollCollector(count, config.unroll_length, shown, state_size=memory)
            self.epsilon = None
        elif run.collection.HasField("sequence"):
            wanted = run.collection.sequence
            self.collector = SequenceCollector(count, wanted, shown, state_size=memory)
            self.epsilon = ape_x_epsilons(count, config.epsilon, config.epsilon_exponent)
        else:
            self.collector = TransitionCollector(count, config.n_step, config.discount, shown)
            self.epsilon = ape_x_epsilons(count, config.epsilon, config.epsilon_exponent)
        self.decision: Decision | None = None

    def act(self, logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if self.epsilon is None:
            return sample(logits, 1.0, self.rng)
        epsilon = np.zeros(len(logits), np.float32)
        epsilon[self.own] = self.epsilon
        return epsilon_greedy(logits, mask, epsilon, self.rng)

    def step(self, policy: Policy, version: int) -> Any:
        engine, n, seats = self.engine, self.engine.num_games, self.seats
        games, places, own = self.games, self.places, self.own
        observation = engine.observation.reshape(n * seats, -1)
        mask = engine.action_mask.reshape(n * seats, -1)
        experience = None
        if self.decision is not None:
            cut = np.flatnonzero(engine.truncated[games])
            final = engine.final_observation[games[cut], places[cut]]
            ones = np.ones((len(cut), 5), np.uint8)
            final_value = np.zeros(0, np.float32)
            if len(cut):
                final_value = policy(final, ones, self.state[own[cut]])[1]
            over = engine.terminated | engine.truncated
            self.state.reshape(n, seats, -1)[over] = 0.0
        before = self.state[own]
        logits, value, next_state = policy(observation, mask, self.state)
        self.state = next_state.copy()
        if self.decision is not None:
            status = np.where(engine.terminated, 1, np.where(engine.truncated, 2, 0))
            consequence = Consequence(
                engine.reward[games, places],
                status.astype(np.uint8)[games],
                observation[own],
                mask[own],
                value[own],
                engine.success[games, places],
                cut,
                final,
                ones,
                final_value,
            )
            experience = self.collector.add(self.decision, consequence)
        actions = self.act(logits, mask)
        self.decision = Decision(
            observation[own],
            mask[own],
            actions[own],
            logits[own],
            version,
            before,
            np.zeros(len(own), np.uint64),
        )
        engine.step(actions.reshape(n, seats))
        return experience


def evaluate(policy: Policy, run: Run, temperature: float) -> dict[str, float]:
    """Mean score of seat 0 in games against each bot (or alone), all rotations, held-out seeds."""
    settings = dataclasses.replace(run.game_settings, shaping=0.0)
    seats = get_game(run.game).resolve(settings).seats
    rng, result, n = np.random.default_rng(0), {}, EVALUATION_GAMES
    for opponent in BOTS if seats > 1 else ("alone",):
        engine = BatchEngine(get_game(run.game), settings, n, autoreset=False)
        if seats > 1:
            engine.next_controller[:, 1:] = BOTS.index(opponent)
        engine.reset(
            seed=seeds.seed(Purpose.EVALUATION, 7),
            game_id=np.arange(n) // seats,
            rotation=np.arange(n) % seats,
        )
        score = np.zeros(n)
        state = np.zeros((n * seats, run.architecture.memory), np.float32)
        while engine.active.any():
            logits, _, state = policy(
                engine.observation.reshape(n * seats, -1),
                engine.action_mask.reshape(n * seats, -1),
                state,
            )
            engine.step(sample(logits, temperature, rng).reshape(n, seats))
            ended = engine.terminated | engine.truncated
            score[ended] = engine.score[ended, 0]
        result[opponent] = round(float(score.mean()), 3)
    return result


def train(run: Run, options: argparse.Namespace) -> None:
    parameters = initial_parameters(run.architecture, run.seed)
    learner, _ = build(run, parameters, options.device, 1, precision=options.precision)
    ppo = run.collection.HasField("unroll")
    table: Any = Queue(run, options.delay) if ppo else Prioritized(run, run.seed)
    games = Games(run, options.games, run.seed, every_seat=options.seats == "every")
    policy = Policy(run, learner.network.parameters_as_arrays())
    steps, published, seconds, line = 0, 0, 0.0, {}
    next_evaluation = options.evaluate_every
    while steps < options.steps:
        experience = games.step(policy, learner.updates)
        steps += options.games * games.seats
        if experience is not None:
            table.add(experience)
        while (batch := table.take()) is not None:
            start = time.process_time()
            update = learner.update(batch)
            seconds += time.process_time() - start
            line = update.statistics
            if update.priorities is not None:
                table.update(batch.keys, update.priorities)
        if steps - published >= options.publish_every:
            published = steps
            policy = Policy(run, learner.network.parameters_as_arrays())
        if steps >= next_evaluation:
            next_evaluation += options.evaluate_every
            current = Policy(run, learner.network.parameters_as_arrays())
            report = {
                "tag": options.tag,
                "agent_steps": steps,
                "greedy": evaluate(current, run, 0.0),
                "sampled": evaluate(current, run, 1.0) if ppo else None,
                "agent_steps_per_learner_second": round(steps / max(seconds, 1e-9)),
                "updates": learner.updates,
                **{name: round(value, 4) for name, value in line.items()},
            }
            print(json.dumps(report), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="All flags of the learner too.", allow_abbrev=False
    )
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--games", type=int, default=256)
    parser.add_argument("--publish-every", type=int, default=60_000)
    parser.add_argument("--evaluate-every", type=int, default=200_000)
    parser.add_argument("--delay", type=int, default=1, help="batches that wait in PPO's queue")
    parser.add_argument("--seats", choices=("one", "every"), default="every", help="that train")
    parser.add_argument("--hidden", type=int, nargs="*")
    parser.add_argument("--activation")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--tag", default="")
    options, rest = parser.parse_known_args()
    run = Run.of(parse_settings(LearnerSettings, rest, "learner"))
    changes: dict[str, Any] = {}
    if options.hidden:
        changes["hidden"] = tuple(options.hidden)
    if options.activation:
        changes["activation"] = options.activation
    run = dataclasses.replace(run, architecture=dataclasses.replace(run.architecture, **changes))
    torch.set_num_threads(1)
    train(run, options)


if __name__ == "__main__":
    main()
