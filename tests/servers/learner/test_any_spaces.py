"""Learning on every kind of space, through real Game, Replay and Model services and an actor."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from actor.selfplay.play import Actor
from actor.settings import ActorSettings
from learner.learn import learn
from learner.settings import LearnerSettings
from mazemesh.client.addresses import Addresses
from mazemesh.client.mesh import Mesh
from mazemesh.errors import FailedPrecondition, NotFound
from mazemesh.policy.cache import fetch_policy
from mazemesh.policy.onnx_policy import OnnxPolicy
from tests.servers.processes import service_process

KINDS = ("Reach", "Lights", "Keys", "Spot", "Before")
JUDGE_SECONDS = 1.0
"""Between two looks at the newest version."""

SMALL = {
    "unroll_length": 8,
    "unrolls_per_batch": 64,
    "minibatch_size": 128,
    "epochs": 4,
    "discount": 0.0,
    "learning_rate": 3e-3,
    "final_learning_rate": 3e-3,
    "entropy_cost": 0.0,
}

OFTEN = {
    "minibatch_size": 64,
    "minibatches_per_batch": 8,
    "samples_per_insert": 32,
    "min_size": 512,
    "discount": 0.0,
    "learning_rate": 3e-3,
    "critic_learning_rate": 3e-3,
}
"""Of algorithms that draw each row several times."""

NORMALIZED = {"normalize_observations": True, "normalize_rewards": True}


def game(kind: str) -> str:
    return f"pettingzoo:tests.foreign_spaces:{kind}"


@dataclass(frozen=True)
class Services:
    """Of one mesh, in processes of their own; learner and actor are threads of the test."""

    addresses: Addresses
    folder: Path

    def best(self, kind: str, wanted: float, steps: int, **more: Any) -> float:
        """The mean reward of the first version above `wanted`, else of the last one.

        Args:
            kind: Of the game.
            wanted: The training ends once a version has earned more.
            steps: The training's agent steps at most.
            more: Further settings of the learner.
        """
        algorithm = more.get("algorithm", "ppo")
        name = kind.lower() if algorithm == "ppo" else f"{kind.lower()}-{algorithm}"
        stop, registry = threading.Event(), CollectorRegistry()
        told: dict[str, Any] = {
            "game": game(kind),
            "policy": name,
            "steps": steps,
            "hidden": [32],
            "hyperparameters": SMALL,
            "tracking": "none",
            "publish_steps": 512,
            "data_dir": self.folder / name,
            **more,
        }
        settings = LearnerSettings(**told)
        playing = ActorSettings(policy=name, games=64, seed=0, drain_seconds=0.1)
        failures: list[BaseException] = []
        with Mesh(self.addresses) as mesh, Mesh(self.addresses) as others:

            def play() -> None:
                try:
                    Actor(playing, others, registry, stop).run()
                except BaseException as error:
                    failures.append(error)
                    stop.set()

            def judge() -> None:
                while not stop.is_set():
                    try:
                        policy = fetch_policy(mesh.model, name)
                        if policy.reference not in scores:
                            scores[policy.reference] = self.score(kind, policy)
                            if scores[policy.reference] > wanted:
                                stop.set()
                    except (NotFound, FailedPrecondition):
                        pass  # no version yet, or a newer one by now
                    except BaseException as error:
                        failures.append(error)
                        stop.set()
                    stop.wait(JUDGE_SECONDS)

            scores: dict[str, float] = {}
            beside = [threading.Thread(target=play), threading.Thread(target=judge)]
            for thread in beside:
                thread.start()
            try:
                learn(settings, mesh.replay, mesh.model, registry, stop)
            finally:
                stop.set()
                for thread in beside:
                    thread.join()
            if failures:
                raise failures[0]
            good = next((score for score in scores.values() if score > wanted), None)
            return self.score(kind, fetch_policy(mesh.model, name)) if good is None else good

    def score(self, kind: str, policy: OnnxPolicy) -> float:
        """The mean reward of a step that is played greedily, over real sessions."""
        with (
            Mesh(self.addresses) as mesh,
            mesh.game.open_session(game(kind), None, 32, 5) as played,
        ):
            total, state = 0.0, np.zeros((32, policy.state_size), np.float32)
            for _ in range(16):
                step = played.step
                columns = {**step.observations, **step.action_masks}
                flat = {name: column[:, 0] for name, column in columns.items()}
                state[step.ended_games] = 0.0
                actions, state = policy.act(*policy.seen(flat), state)
                if isinstance(actions, np.ndarray):
                    played.send(actions[:, None])
                else:
                    played.send({name: column[:, None] for name, column in actions.items()})
                total += float(played.receive().reward.mean())
            return total / 16


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    folder = tmp_path_factory.mktemp("mesh")
    allowed = ",".join(map(game, KINDS))
    async with AsyncExitStack() as stack:

        async def start(name: str, *more: str) -> str:
            flags = ("--port", "0", "--data-dir", str(folder), *more)
            process = service_process(f"services.{name}", *flags)
            return (await stack.enter_async_context(process)).address

        replay = await start("replay", "--durability", "none")
        plays = await start("game", "--foreign-games", allowed)
        model = await start("model", "--game-address", plays)
        addresses = replace(Addresses.local(), replay=replay, game=plays, model=model)
        yield Services(addresses, folder)


@pytest.mark.parametrize(
    ("kind", "steps", "wanted", "more"),
    [
        pytest.param("Reach", 40_000, -0.1, NORMALIZED, marks=pytest.mark.slow),
        pytest.param("Lights", 16_000, 1.8, {}, marks=pytest.mark.slow),
        ("Keys", 20_000, 2.1, {}),  # at random about 1.5
        ("Spot", 12_000, 0.5, {}),
        ("Before", 12_000, 0.6, {"frames": 2}),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_ppo_learns(
    services: Services, kind: str, steps: int, wanted: float, more: dict[str, Any]
) -> None:
    assert await asyncio.to_thread(services.best, kind, wanted, steps, **more) > wanted


@pytest.mark.parametrize(
    ("algorithm", "kind", "wanted", "more"),
    [
        ("sac", "Reach", -0.25, {"normalize_observations": True}),
        pytest.param("td3", "Reach", -0.25, {}, marks=pytest.mark.slow),
        pytest.param("ddpg", "Reach", -0.25, {}, marks=pytest.mark.slow),
        pytest.param("sac", "Spot", 0.5, {"steps": 1_500}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_critics_learn(
    services: Services, algorithm: str, kind: str, wanted: float, more: dict[str, Any]
) -> None:
    told = {"algorithm": algorithm, "hyperparameters": OFTEN, **more}
    told = {"steps": 3_000, **told}
    assert await asyncio.to_thread(services.best, kind, wanted, **told) > wanted
