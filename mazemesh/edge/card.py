"""What is said of a policy that leaves: a card for programs, and one for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mazemesh.edge.examples import Agreement, Columns
from mazemesh.games import Game, GameSettings
from mazemesh.games.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.heads import Head, heads
from mazemesh.v1.model_pb2 import PolicyVersion


@dataclass(frozen=True)
class Rating:
    """Of the version on one ladder, in Elo points, with a 95 % interval."""

    ladder: str
    rating: float
    low: float
    high: float
    games: int


@dataclass(frozen=True)
class File:
    """One file of the folder.

    Attributes:
        name: Of the file.
        what: It is.
        size_bytes, sha256: Of its content.
        agreement: With what the mesh answers; None of files that answer nothing.
    """

    name: str
    what: str
    size_bytes: int
    sha256: str
    agreement: Agreement | None = None


@dataclass(frozen=True)
class Card:
    """Everything that the folder says of its policy.

    Attributes:
        version: As the Model service has it.
        ancestors: Versions that it grew from, the nearest first, "name:version".
        game, settings: That it plays.
        ratings: Of the version.
        licence: That it may be used under, as the exporter says; empty: not stated.
        files: Of the folder.
    """

    version: PolicyVersion
    ancestors: Sequence[str]
    game: Game
    settings: GameSettings
    ratings: Sequence[Rating]
    licence: str
    files: Sequence[File]

    @property
    def policy(self) -> str:
        """Its name and version, "race:41"."""
        return f"{self.version.name}:{self.version.version}"

    def content(self, deciding: Deciding, inputs: Columns) -> dict[str, Any]:
        """card.json, which the runners read."""
        spec, version = self.game.spec(self.settings), self.version
        return {
            "policy": self.policy,
            "game": {
                "name": self.game.name,
                "settings": asdict(self.settings),
                "rules_hash": spec.rules_hash,
                "spec_hash": version.spec_hash,
            },
            "licence": self.licence or None,
            "created": version.create_time.ToJsonString(),
            "run_id": version.run_id,
            "training_step": version.training_step,
            "ancestors": list(self.ancestors),
            "metadata": dict(sorted(version.metadata.items())),
            "ratings": [asdict(one) for one in self.ratings],
            "q_values": version.q_values,
            "inputs": [
                {"name": name, "dtype": str(column.dtype), "shape": list(column.shape[1:])}
                for name, column in inputs.items()
            ],
            "heads": [_head(head, deciding) for head in heads(deciding.space)],
            "files": [
                {name: value for name, value in asdict(one).items() if value is not None}
                for one in self.files
            ],
        }

    def page(self) -> str:
        """README.md."""
        spec = self.game.spec(self.settings)
        changed = {
            name: value
            for name, value in asdict(self.settings).items()
            if value != getattr(GameSettings(), name)
        }
        grew = ", ".join(self.ancestors[:8]) or "none"
        if len(self.ancestors) > 8:
            grew += f" and {len(self.ancestors) - 8} more"
        facts = {
            "game": f"{self.game.name}{f', {_listed(changed)}' if changed else ''}",
            "rules": f"`{spec.rules_hash}`, what is seen and done: `{self.version.spec_hash}`",
            "trained": f"{self.version.training_step} steps, run `{self.version.run_id or '-'}`, "
            f"published {self.version.create_time.ToDatetime():%Y-%m-%d %H:%M} UTC",
            "grew from": grew,
            "licence": self.licence or "not stated: ask who published it before you use it",
        }
        rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
        return _PAGE.format(
            policy=self.policy,
            facts=rows,
            ratings=self._ratings(),
            files="\n".join(map(_file_row, self.files)),
        )

    def _ratings(self) -> str:
        if not self.ratings:
            return "Never rated."
        rows = [
            f"| {one.ladder} | {one.rating:.0f} | {one.low:.0f} .. {one.high:.0f} | {one.games} |"
            for one in self.ratings
        ]
        head = "| ladder | Elo | 95 % interval | games |\n|---|---|---|---|\n"
        return head + "\n".join(rows)


_PAGE = """# {policy}

| | |
|---|---|
{facts}

## Ratings

{ratings}

## Files

| file | what | bytes | largest difference | same actions | sha256 |
|---|---|---|---|---|---|
{files}

Differences are from what the mesh answers to held-out play, in units of max(1, |answer|).

## To play it

    pip install numpy onnxruntime && python run.py < examples.jsonl
    npm install && node run.mjs < examples.jsonl

Both read a row of inputs a line and print the answers with the likeliest action; `gap` is how far
they are from those in examples.jsonl. `policy.ort` or `policy.int8.onnx` as an argument runs that
form. card.json says what the inputs are.
"""


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def _file_row(one: File) -> str:
    gap, same = "", ""
    if one.agreement is not None:
        gap = f"{one.agreement.largest_difference:.1e}"
        same = f"{100 * one.agreement.same_actions:.1f} % of {one.agreement.rows}"
    cells = (one.name, one.what, one.size_bytes, gap, same, f"`{one.sha256}`")
    return "| " + " | ".join(map(str, cells)) + " |"


def _head(head: Head, deciding: Deciding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "leaf": head.column,
        "output": head.outputs[0],
        "shape": list(head.space.shape),
    }
    match head.space:
        case Discrete(n, start):
            told |= {"kind": "choices", "counts": [n], "starts": [start]}
        case MultiDiscrete(counts, starts):
            told |= {"kind": "choices", "counts": counts, "starts": starts or [0] * len(counts)}
        case MultiBinary():
            told |= {"kind": "switches"}
        case Box(low, high):
            width = head.output_width
            told |= {
                "kind": "numbers",
                "squashed": deciding.distribution == "squashed",
                "low": _bounds(low, width),
                "high": _bounds(high, width),
            }
    return told


def _bounds(bounds: Sequence[float], width: int) -> list[float | None]:
    """One for each element; None is no bound, for which JSON has no number."""
    each = list(bounds) * (width if len(bounds) == 1 else 1)
    return [bound if math.isfinite(bound) else None for bound in each]
