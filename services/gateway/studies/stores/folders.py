"""Studies as they lie in the data folder: `tune/NAME/study.sqlite`, `optimize/NAME/front.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mazemesh.errors import FailedPrecondition, NotFound
from services.gateway.studies.study import Goal, Kind, Point, Study

MAX_STUDIES: Final = 1_000
MAX_POINTS: Final = 20_000
_MAX_FILE_BYTES: Final = 64 * 1024 * 1024


class Folders:
    """Studies of a data folder; each call looks anew.

    Args:
        data_dir: Of the mesh.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def list(self) -> list[tuple[Kind, str, float]]:
        """Kind, name and time of the last change of all studies, the newest first."""
        found: list[tuple[Kind, str, float]] = []
        kinds: tuple[tuple[Kind, str], ...] = (
            ("tune", "study.sqlite"),
            ("optimize", "definition.json"),
        )
        for kind, sign in kinds:
            for file in self._data_dir.glob(f"{kind}/*/{sign}"):
                times = [one.stat().st_mtime for one in file.parent.glob("*.*") if one.is_file()]
                found.append((kind, file.parent.name, max(times, default=0.0)))
        return sorted(found, key=lambda one: -one[2])[:MAX_STUDIES]

    def study(self, kind: Kind, name: str) -> Study:
        """A study with all that it has found so far.

        Raises:
            NotFound: there is none of that name.
            FailedPrecondition: Optuna, which keeps trials, is not installed here.
        """
        folder = self._data_dir / kind / name
        # The name is one of a folder that is listed, so it leads nowhere else.
        if (kind, name) not in {(one, other) for one, other, _ in self.list()}:
            raise NotFound(f"study: there is no {kind}/{name}; GET /studies lists those there are")
        return _tuned(folder) if kind == "tune" else _optimized(folder)


def _tuned(folder: Path) -> Study:
    try:
        from mazemesh.tuning.study import stored_definition, stored_trials
    except ModuleNotFoundError as error:
        raise FailedPrecondition(
            f"{error.name} is not installed where the gateway runs; pip install 'mazemesh[tune]'"
        ) from error
    file = folder / "study.sqlite"
    definition = stored_definition(file)
    if definition is None:
        return Study("tune", folder.name, {"state": "has not begun"}, (), ())
    goals = tuple(
        Goal(one.name, one.maximise, one.unit, one.meaning)
        for one in definition.parsed_objectives()
    )
    points = tuple(
        Point(
            str(one.number),
            one.state,
            one.parameters,
            one.values,
            one.error,
            _run_id(folder / f"{one.number:04d}"),
        )
        for one in stored_trials(file)[:MAX_POINTS]
    )
    about = {
        "game": definition.game,
        "algorithm": definition.algorithm,
        "target": definition.target,
        "seconds": definition.seconds,
        "trials": len(points),
        "space": dict(definition.space),
    }
    return Study("tune", folder.name, about, goals, points)


def _optimized(folder: Path) -> Study:
    definition = _json(folder / "definition.json")
    front = _json(folder / "front.json")
    about = {**{k: v for k, v in definition.items() if k != "fingerprint"}}
    if not front:
        return Study("optimize", folder.name, {**about, "state": "searching"}, (), ())
    names = [str(one) for one in front["variables"]]
    points = tuple(
        Point(
            str(one["label"]),
            "complete",
            dict(zip(names, one["variables"], strict=True)),
            one["values"],
        )
        for one in front["front"][:MAX_POINTS]
    )
    goals = tuple(
        Goal(one["name"], bool(one["maximise"]), str(one.get("unit", "")), str(one["meaning"]))
        for one in front["objectives"]
    )
    kept = ("generations", "evaluations", "seconds")
    about |= {name: front[name] for name in kept if name in front}
    weights = front["weighting"]
    return Study(
        "optimize", folder.name, about, goals, points, {weights["name"]: weights["weights"]}
    )


def _run_id(folder: Path) -> str:
    return str(_json(folder / "run.json").get("run_id", ""))


def _json(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as opened:
            content = json.loads(opened.read(_MAX_FILE_BYTES))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
