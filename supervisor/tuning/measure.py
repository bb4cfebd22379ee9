"""What a trial came to, read from the files that its mesh left."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mazemesh.analysis.journal import Curves, read_curves
from mazemesh.sqlite_url import sqlite_url
from mazemesh.tuning.definition import Definition
from mazemesh.tuning.objectives import Measurement, Target
from mazemesh.tuning.trial import TrialFailed

_INFERRED = 64
_REPEATS = 200


@dataclass(frozen=True)
class Snapshot:
    """A version whose measure is known.

    Attributes:
        version: Of the policy.
        seconds: Since the trial began, when it was known.
        value: Of the measure.
    """

    version: int
    seconds: float
    value: float


def measure(
    definition: Definition, policy: str, mesh: Path, summary: Path, began: float
) -> Measurement:
    """Values of the study's objectives.

    Args:
        definition: Of the study.
        policy: Name of the trial's policy.
        mesh: Data folder of the mesh, which has stopped.
        summary: What `mazemesh up --summary` wrote.
        began: When the trial began, in seconds since 1970.

    Raises:
        TrialFailed: something that has to be measured was not recorded.
    """
    with (mesh / "learner" / policy / "metrics.jsonl").open() as lines:
        curves = read_curves(lines)
    told = json.loads(summary.read_text())
    target, wanted = definition.parsed_target(), set(definition.objectives)
    if target is not None:
        wanted.add(target.measure)
    known: dict[str, list[Snapshot]] = {}
    if "success" in wanted:
        known["success"] = probed(told)
    if "rating" in wanted:
        known["rating"] = _rated(mesh, policy, curves, began)
    values: dict[str, float] = {}
    if "success" in definition.objectives:
        values["success"] = _last(known["success"], "probed", definition).value
    if "rating" in definition.objectives:
        _last(known["rating"], "rated", definition)
        values["rating"] = max(one.value for one in known["rating"])
    shortfall = 0.0
    if target is not None:
        shortfall, reached = up_to(target, known[target.measure])
        values["seconds"] = math.inf if reached is None else reached.seconds
        values["steps"] = math.inf if reached is None else curves.steps_at(reached.version)
    if wanted & {"latency", "size"}:
        data = newest_file(mesh, policy)
        values["size"] = float(len(data))
        values["latency"] = latency(data) if "latency" in wanted else math.nan
    return Measurement({name: values[name] for name in definition.objectives}, shortfall)


def probed(summary: Mapping[str, Any]) -> list[Snapshot]:
    """Snapshots whose success is in a summary, in order."""
    return [
        Snapshot(
            int(str(one["policy"]).rpartition(":")[2]),
            float(one["seconds"]),
            float(one["success_rate"]),
        )
        for one in summary["success_history"]
    ]


def up_to(target: Target, snapshots: Sequence[Snapshot]) -> tuple[float, Snapshot | None]:
    """How far the best one stays below the target, and the first that reached it.

    Without any snapshot the best counts as 0.
    """
    best = max((one.value for one in snapshots), default=0.0)
    reached = (one for one in snapshots if one.value >= target.least)
    return target.least - best, next(reached, None)


def newest_file(mesh: Path, policy: str) -> bytes:
    """The ONNX file of a policy's newest snapshot, from the registry on disk.

    Raises:
        TrialFailed: there is none.
    """
    from services._harness.blobs.folder import FolderBlobs
    from services._harness.blobs.hashed import HashedBlobs
    from services._harness.sql.database import Database
    from services.model.stores.sql.registry import SqlRegistry
    from services.model.version_store import Filter

    async def find() -> str:
        database = Database(sqlite_url(mesh / "model.sqlite"))
        try:
            chosen = Filter(name=policy, snapshots_only=True)
            pages = await SqlRegistry(database, 1).transact(
                lambda registry: registry.versions.page(chosen, 0, 1).rows
            )
        finally:
            await database.close()
        if not pages:
            raise TrialFailed(f"policy {policy!r} has no snapshot")
        return pages[0][1].sha256

    file = HashedBlobs(FolderBlobs(mesh / "blobs")).open(asyncio.run(find()))
    try:
        pieces = iter(lambda: file.read(1 << 20), b"")
        return b"".join(pieces)
    finally:
        file.close()


def latency(data: bytes, rows: int = _INFERRED) -> float:
    """Milliseconds of one inference of `rows` observations by one thread, median of 200."""
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": "float32"}
    inputs = {
        one.name: np.ones(
            [size if isinstance(size, int) else rows for size in one.shape],
            kinds.get(one.type, one.type.removeprefix("tensor(").removesuffix(")")),
        )
        for one in session.get_inputs()
    }
    spans = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        session.run(None, inputs)
        spans.append(time.perf_counter() - begin)
    return 1000 * float(np.median(spans))


def _rated(mesh: Path, policy: str, curves: Curves, began: float) -> list[Snapshot]:
    """Lower bounds of the snapshots' ratings, by version, at the time of their publication."""
    import numpy as np

    from mazemesh.analysis.ratings import snapshots_of
    from mazemesh.cli.ratings.ladders import ladder_of
    from supervisor.ladders import StoredLadder

    description = json.loads((mesh / "learner" / policy / "run.json").read_text())
    players = snapshots_of(StoredLadder.load(mesh, ladder_of(description)).players(), policy)
    published = [float(np.interp(one.version, curves.version, curves.time)) for one in players]
    return [
        Snapshot(one.version, at - began, one.low)
        for one, at in zip(players, published, strict=True)
    ]


def _last(snapshots: list[Snapshot], verb: str, definition: Definition) -> Snapshot:
    if not snapshots:
        raise TrialFailed(
            f"no snapshot was {verb} within {definition.seconds:g} s; make trials longer by --for"
        )
    return snapshots[-1]
