"""What a study of optimization is: what makes it the same one when it goes on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mazemesh.errors import Conflict
from mazemesh.optimization.algorithms import AlgorithmName
from mazemesh.optimization.problem import Problem


@dataclass(frozen=True)
class Definition:
    """A study: with it, the search takes one way alone, however often it is stopped.

    How long it runs, by how many processes, and what is chosen at the end is no part of it.

    Attributes:
        problem: Name by which it was opened.
        fingerprint: Of variables, objectives and constraints.
        algorithm: What searches.
        population: Points of a generation.
        seed: Of its chance.
    """

    problem: str
    fingerprint: str
    algorithm: AlgorithmName
    population: int
    seed: int

    @classmethod
    def of(
        cls, name: str, problem: Problem, algorithm: AlgorithmName, population: int, seed: int
    ) -> Definition:
        """Of a problem that was opened by a name."""
        return cls(name, fingerprint(problem), algorithm, population, seed)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Definition:
        """Reverses `to_json`."""
        return cls(**{**data, "algorithm": AlgorithmName(data["algorithm"])})

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "algorithm": str(self.algorithm)}

    def study_name(self) -> str:
        """A name that no other definition has, so that the same command again goes on."""
        text = json.dumps(self.to_json(), sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
        short = re.sub(r"[^A-Za-z0-9]+", "-", self.problem.partition("?")[0]).strip("-")[:40]
        return f"{short}-{self.algorithm}-{digest}"

    def check_same(self, asked: Definition, study: str) -> None:
        """What is asked for now must be what the study was begun with.

        Raises:
            Conflict: something differs; names all that does.
        """
        mine, other = self.to_json(), asked.to_json()
        differing = [
            f"{name} {mine[name]!r}, not {other[name]!r}"
            for name in mine
            if mine[name] != other[name]
        ]
        if differing:
            raise Conflict(
                f"study {study!r} was begun with {'; '.join(differing)}; choose another --study"
            )


def fingerprint(problem: Problem) -> str:
    """Of what the search sees of a problem: bounds, directions, names; 16 hex digits."""
    variables = [(v.name, v.low, v.high, v.whole) for v in problem.variables]
    objectives = [(o.name, o.maximise) for o in problem.objectives]
    text = json.dumps([variables, objectives, list(problem.constraints), problem.batch])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
