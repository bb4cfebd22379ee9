"""Golden vectors: messages with packed arrays, as bytes and as numbers, for any language.

`python -m tests.golden.vectors` writes them anew beside this file. Each file has `message` (its
type), `encoded` (hex), `fields` (numbers and texts by path; a hash as text, since it has 64 bits)
and `arrays` (by path: dtype, shape, values; a repeated field has its index at the end).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mazemesh.v1 import game_pb2
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.experience_batch import encode_sample
from mazemesh.wire.experience_record import encode_record
from mazemesh.wire.games_step import encode_step
from mazemesh.wire.tensors import Signature, to_arrays
from services.game.play.batch import Report
from services.replay.table.table import Sample, Updated

FOLDER = Path(__file__).parent
SIGNATURE = Signature.of(observation=("uint8", (3,)), reward=("float32", ()), done=("bool", ()))
ROWS = {
    "observation": np.array([[0, 1, 255], [7, 8, 9]], np.uint8),
    "reward": np.array([0.5, -1.25], np.float32),
    "done": np.array([False, True]),
}
PRIORITIES = np.array([0.1, 2.0])
VERSIONS = np.array([-1, 300])


def report() -> Report:
    """Two games of two seats, three bytes an observation, two actions; game 1 is truncated."""
    return Report(
        observation=np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
        action_mask=np.array([[[1, 0], [1, 1]], [[0, 1], [1, 1]]], np.uint8),
        reward=np.array([[0.0, 0.25], [1.0, -1.0]], np.float32),
        status=np.array([game_pb2.STEP_STATUS_RUNNING, game_pb2.STEP_STATUS_TRUNCATED], np.uint8),
        ended_games=np.array([1], np.int32),
        ended_scores=np.array([[1.0, 0.0]], np.float32),
        ended_steps=np.array([200], np.int32),
        ended_successes=np.array([[1, 0]], np.uint8),
        final_observation=np.arange(100, 106, dtype=np.uint8).reshape(1, 2, 3),
        final_action_mask=np.array([[[1, 1], [0, 1]]], np.uint8),
        seat_status=np.empty((0, 2), np.uint8),
    )


def sample() -> Sample:
    """The two rows as they are drawn."""
    return Sample(
        columns=[array.view(np.uint8).reshape(2, -1) for array in to_arrays(SIGNATURE, ROWS)],
        keys=np.array([1, 2**40 + 3], np.uint64),
        probabilities=np.array([0.25, 0.75]),
        priorities=PRIORITIES,
        policy_versions=VERSIONS,
        times_sampled=np.array([1, 2], np.int32),
        table_size=2,
        priority_mass=2.1,
    )


def vectors() -> dict[str, dict[str, Any]]:
    """What each file holds, by its name."""
    columns = [array.view(np.uint8).reshape(-1).data for array in to_arrays(SIGNATURE, ROWS)]
    batch = encode_columns(SIGNATURE.hash, 2, columns)
    record = encode_record("table", "writer", 300, batch, PRIORITIES, VERSIONS)
    drawn = sample()
    arrays = (field.name for field in game_pb2.GamesStep.DESCRIPTOR.fields[1:])
    played = {f"step.{name}": getattr(report(), name) for name in arrays}
    step = {path: array for path, array in played.items() if len(array) and array.size}
    rows = {f"columns.data[{index}]": ROWS[name] for index, name in enumerate(SIGNATURE.names)}
    beside = ("keys", "probabilities", "priorities", "policy_versions", "times_sampled")
    about_rows = {"columns.signature_hash": str(SIGNATURE.hash), "columns.rows": 2}
    return {
        "games_step": _vector(
            "RunGamesResponse", encode_step(300, report()), {"step.sequence": 300}, step
        ),
        "record_experience": _vector(
            "RecordExperienceRequest",
            record,
            {"table": "table", "writer_id": "writer", "sequence": 300, **about_rows},
            {**rows, "priorities": PRIORITIES, "policy_versions": VERSIONS},
        ),
        "experience_batch": _vector(
            "GetExperienceBatchResponse",
            encode_sample(drawn, SIGNATURE.hash, Updated(5, 1)),
            {"table_size": 2, "updated": 5, "stale": 1, "priority_mass": 2.1, **about_rows},
            {**rows, **{name: getattr(drawn, name) for name in beside}},
        ),
    }


def _vector(
    message: str, encoded: bytes, fields: dict[str, Any], arrays: dict[str, Any]
) -> dict[str, Any]:
    return {
        "message": f"mazemesh.v1.{message}",
        "encoded": encoded.hex(),
        "fields": fields,
        "arrays": {
            path: {
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "values": array.reshape(-1).tolist(),
            }
            for path, array in arrays.items()
        },
    }


if __name__ == "__main__":
    for name, vector in vectors().items():
        (FOLDER / f"{name}.json").write_text(json.dumps(vector, indent=1) + "\n")
