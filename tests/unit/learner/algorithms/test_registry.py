"""Algorithms are found by name: ours, and those of installed packages, without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from learner.algorithms import registry
from learner.loop.building import build
from learner.network.architecture import initial_parameters
from learner.preset_file import preset_text
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from tests.unit.learner.fakes import TINY, random_batch

OURS = [
    "a2c",
    "ddpg",
    "dqn",
    "impala",
    "mappo",
    "ppo",
    "r2d2",
    "recurrent-ppo",
    "sac",
    "td3",
]

PACKAGE = '''
"""One gradient step a batch towards the logits of the actions that were rewarded."""

from dataclasses import dataclass
from typing import Annotated

from learner.algorithms.algorithm import Algorithm
from learner.algorithms.presets import SHAPED, Preset, Presets
from learner.bases.bounds import Within
from learner.bases.on_policy.unrolls import UNROLLS, ActorCriticConfig
from mazemesh.games import GameSettings


@dataclass(frozen=True)
class Config(ActorCriticConfig):
    """How it learns.

    Attributes:
        baseline: Taken off the reward.
    """

    baseline: Annotated[float, Within(-1, 1)] = 0.25


def build(start):
    import torch
    from learner.bases.learner import Update
    from learner.network.networks import make

    class Reinforce:
        def __init__(self):
            self.updates = 0
            self.network = make(start.architecture)
            self.network.load(start.parameters)
            self.optimizer = torch.optim.SGD(self.network.parameters(), start.config.learning_rate)

        def update(self, batch):
            column = {name: torch.from_numpy(value) for name, value in batch.columns.items()}
            outputs = self.network.outputs(column["observation"].flatten(0, 1))
            chosen = outputs[:, :-1].log_softmax(1).gather(1, column["action"].long().view(-1, 1))
            loss = -((column["reward"].flatten() - start.config.baseline) * chosen[:, 0]).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.updates += 1
            return Update({"policy_loss": loss.item()})

        def state(self):
            return {"network": self.network.state_dict(), "updates": self.updates}

        def restore(self, state):
            self.network.load_state_dict(state["network"])
            self.updates = state["updates"]

    return Reinforce()


ALGORITHM = Algorithm(
    name="reinforce",
    presets=Presets(Preset(SHAPED, Config()), Preset(GameSettings(), Config())),
    experience=UNROLLS,
    build=build,
    head="actor-critic",
)
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of the user's own, with the metadata that an installer writes."""
    (tmp_path / "own_algorithm.py").write_text(PACKAGE)
    metadata = tmp_path / "own_algorithm-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: own-algorithm\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[mazemesh.algorithms]\n"
        "reinforce = own_algorithm:ALGORITHM\n"
        "ppo = own_algorithm:ALGORITHM\n"
        "broken = own_algorithm:NOTHING\n"
        "other = own_algorithm:Config\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.find.cache_clear()
    yield
    registry.find.cache_clear()
    sys.modules.pop("own_algorithm", None)


def test_ours_are_the_folders() -> None:
    assert registry.names() == OURS
    assert [registry.find(name).name for name in OURS] == OURS


@pytest.mark.usefixtures("installed")
def test_an_algorithm_of_a_package_trains() -> None:
    assert registry.names() == [*OURS, "broken", "other", "reinforce"]
    tiny = {"unroll_length": 4, "unrolls_per_batch": 8, "baseline": 0.5}
    settings = LearnerSettings(game="solo", algorithm="reinforce", hyperparameters=tiny, **TINY)
    run = Run.of(settings)
    assert (run.batch_rows, run.collection.unroll.length, run.config.baseline) == (8, 4, 0.5)
    learner, _ = build(run, initial_parameters(run.architecture, 0), "cpu", 1)
    assert learner.update(random_batch(run.signature, run.batch_rows)).statistics["policy_loss"]
    assert learner.updates == 1
    assert "# Taken off the reward. (in -1..1)" in preset_text("solo", "reinforce")


@pytest.mark.usefixtures("installed")
def test_ours_cannot_be_replaced() -> None:
    assert registry.find("ppo").fuses


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "told"), [("broken", "cannot be loaded"), ("other", "of that name, and is <class")]
)
def test_what_is_no_algorithm_is_refused_by_name(name: str, told: str) -> None:
    with pytest.raises(InvalidArgument, match=f"algorithm: {name} .*{told}"):
        registry.find(name)


def test_an_unknown_name_is_told_which_there_are() -> None:
    with pytest.raises(InvalidArgument, match=r"'a4c' is unknown; .* dqn, impala, mappo"):
        registry.find("a4c")
    with pytest.raises(ValueError, match="'a4c' is unknown"):
        LearnerSettings(algorithm="a4c")


def test_records_are_loaded_without_torch() -> None:
    program = (
        "import sys\n"
        "from learner.algorithms.registry import find, names\n"
        "assert [find(name) for name in names()]\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=110)
