"""Results as files: a row a game in CSV and Parquet, an object a match in JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

from mazemesh.match_files.rows import COLUMNS
from mazemesh.match_files.values import TERMINATIONS
from mazemesh.v1 import elo_pb2

_ROWS_AT_ONCE = 8192
_TERMINATION_NAMES = {number: name for name, number in TERMINATIONS.items()}


def write(results: Iterable[elo_pb2.MatchResult], file: BinaryIO, format_: str) -> int:
    """Writes results in a format of `reading.FORMATS`; how many they were."""
    writers = {"csv": _csv, "jsonl": _json_lines, "parquet": _parquet}
    return writers[format_](results, file)


def _csv(results: Iterable[elo_pb2.MatchResult], file: BinaryIO) -> int:
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for result in results:
        count += 1
        for row in _rows(result):
            row["time"] = result.finish_time.ToJsonString()
            for name in ("players", "scores", "steps", "teams"):
                row[name] = " ".join(map(_cell, row[name]))
            writer.writerow(row)
    text.flush()
    text.detach()
    return count


def _json_lines(results: Iterable[elo_pb2.MatchResult], file: BinaryIO) -> int:
    count = 0
    for result in results:
        count += 1
        line = json.dumps(_object(result), separators=(",", ":"))
        file.write(line.encode() + b"\n")
    return count


def _parquet(results: Iterable[elo_pb2.MatchResult], file: BinaryIO) -> int:
    from mazemesh.match_files import parquet

    count = 0
    waiting: list[dict[str, Any]] = []
    with parquet.writer(file) as writer:
        for result in results:
            count += 1
            waiting += _rows(result)
            if len(waiting) >= _ROWS_AT_ONCE:
                writer.write_table(parquet.table(waiting))
                waiting = []
        writer.write_table(parquet.table(waiting))
    return count


def _rows(result: elo_pb2.MatchResult) -> Iterator[dict[str, Any]]:
    """A row for each game, all with the columns `COLUMNS`."""
    nanoseconds = result.finish_time.ToNanoseconds()
    for game in result.games:
        yield {
            "match_id": result.match_id,
            "ladder": result.ladder,
            "time": nanoseconds,
            "players": list(result.participants),
            "scores": _scores(game),
            "rotation": game.rotation,
            "game_id": game.game_id,
            "steps": list(game.steps),
            "termination": _TERMINATION_NAMES[game.termination],
            "teams": list(game.teams),
            "seed": result.seed,
            "rules_hash": result.rules_hash,
        }


def _object(result: elo_pb2.MatchResult) -> dict[str, Any]:
    games = [
        {
            "scores": _scores(game),
            "rotation": game.rotation,
            **({"game_id": game.game_id} if game.game_id else {}),
            **({"steps": list(game.steps)} if game.steps else {}),
            "termination": _TERMINATION_NAMES[game.termination],
            **({"teams": list(game.teams)} if game.teams else {}),
        }
        for game in result.games
    ]
    return {
        "match_id": result.match_id,
        "ladder": result.ladder,
        "time": result.finish_time.ToJsonString(),
        "players": list(result.participants),
        "games": games,
        "seed": result.seed,
        "rules_hash": result.rules_hash,
    }


def _scores(game: elo_pb2.GameOutcome) -> list[float]:
    """The shortest numbers that 32 bits take for the scores."""
    return [float(str(np.float32(score))) for score in game.scores]


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
