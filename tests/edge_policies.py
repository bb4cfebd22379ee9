"""Policies that leave the mesh, and their runners."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from learner.network.architecture import Architecture, Spaces
from learner.network.source import source_of
from mazemesh.edge import Exported, export
from mazemesh.errors import NotFound
from mazemesh.games import Game, GameSettings, open_game
from mazemesh.policy.heads import ActionDistribution
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.model_pb2 import Collection, PolicyVersion
from mazemesh.wire.specs import settings_to_proto
from tests.onnx_policies import Network, RecurrentNetwork

SETTINGS = GameSettings(width=7, height=7)


@dataclass
class Shelf:
    """A Model service's versions, as `mazemesh.edge.Source` wants them."""

    versions: Mapping[str, PolicyVersion]
    data: bytes

    def get(self, policy: str) -> tuple[PolicyVersion, bytes]:
        return self.describe(policy), self.data

    def describe(self, policy: str) -> PolicyVersion:
        if policy not in self.versions:
            raise NotFound(f"no {policy}")
        return self.versions[policy]


def shelf(data: bytes, game: Game, settings: GameSettings = SETTINGS, drawn: str = "") -> Shelf:
    collection = Collection(
        game=game.name, settings=settings_to_proto(settings), action_distribution=drawn
    )
    versions = {
        f"race:{number}": PolicyVersion(
            name="race", version=number, parent_version=number - 1, collection=collection
        )
        for number in (1, 2, 3)
    }
    return Shelf(versions, data)


def maze_policy(kind: type[Network], settings: GameSettings = SETTINGS) -> Shelf:
    game = open_game("race")
    spec = game.spec(settings)
    network = kind(observation_size=spec.observation_size, num_actions=spec.num_actions, hidden=32)
    return shelf(network.file(), game)


def foreign_policy(kind: str, drawn: ActionDistribution) -> Shelf:
    game = open_game(f"pettingzoo:tests.foreign_spaces:{kind}")
    spec = game.spec(GameSettings())
    architecture = Architecture("actor-critic", 0, 0, spaces=Spaces.of(spec), actions=drawn)
    source = source_of(architecture)
    return shelf(source.to_onnx(source.initial(1)), game, GameSettings(), drawn)


def exported(held: Shelf, to: Path, **given: Any) -> Exported:
    return export("race:3", to, model=held, open_game=open_game, **given)


def run(folder: Path, *command: str) -> list[dict[str, Any]]:
    lines = (folder / "examples.jsonl").read_text()
    done = subprocess.run(
        command, cwd=folder, input=lines, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(lines.splitlines()) > 0
    return told


def expected_actions(held: Shelf, folder: Path) -> list[dict[str, Any]]:
    """The likeliest actions of the examples as the mesh has them, plus where choices start."""
    card = json.loads((folder / "card.json").read_text())
    policy = OnnxPolicy("race:3", held.data)
    found = []
    for line in (folder / "examples.jsonl").read_text().splitlines():
        row = json.loads(line)["inputs"]
        columns = {
            one["name"]: np.array([row[one["name"]]], one["dtype"]) for one in card["inputs"]
        }
        state = columns.pop("state", None)
        action, _ = policy.act(*policy.seen(columns), state)
        if not isinstance(action, Mapping):
            action = {"action": action}
        found.append({name: column[0].tolist() for name, column in action.items()})
    return found


def close(one: Any, other: Any) -> bool:
    return bool(np.allclose(np.ravel(one), np.ravel(other), atol=1e-5))


CASES = {
    "plain": lambda: maze_policy(Network),
    "with a memory": lambda: maze_policy(RecurrentNetwork),
    "dict of actions": lambda: foreign_policy("Keys", "clipped"),
    "squashed": lambda: foreign_policy("Reach", "squashed"),
}
