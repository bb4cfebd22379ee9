"""`python -P -m learner.offers`: what a run can be told, as JSON, for programs without the learner.

    list                     algorithms, and the settings that do not depend on them
    form GAME ALGORITHM      every field with its kind, meaning, bounds and preset (`learner.form`)
    preset GAME ALGORITHM    the same as values, each with its meaning; of a game that there is
    check FLAG...            whether `python -m learner FLAG...` would take these
    serve                    each line of standard input is a command line as a list in JSON, and is
                             answered by a line, until the input ends

A refusal is an answer too: `{"error": "...", "field": "..."}`, status 0.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from typing import Any

from learner.algorithms.registry import names
from learner.bases.bounds import Within
from learner.form import describe, setting
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import MazemeshError
from mazemesh.games import GENERATORS, open_game
from mazemesh.process.errors import StartError
from mazemesh.process.settings import parse_settings
from mazemesh.training.sections import SETTINGS

_WHERE = re.compile(r"\s*\(set it by [^()]*\)")
_FIELD = re.compile(r"([a-z_]+) (?:=|has)")


def every() -> dict[str, Any]:
    """Names of algorithms, and all settings with what they mean."""
    return {
        "algorithms": names(),
        "generators": list(GENERATORS),
        "settings": [_entry(setting(name)) for name in sorted(SETTINGS)],
    }


def preset(game: str, algorithm: str) -> dict[str, Any]:
    """What a game is trained with by an algorithm.

    Raises:
        MazemeshError: there is no such game or algorithm.
    """
    opened = open_game(game)
    hyperparameters, *sections = describe(game, algorithm)["sections"]
    return {
        "game": opened.name,
        "algorithm": algorithm,
        "settings": [_entry(field) for section in sections for field in section["fields"]],
        "hyperparameters": [_entry(field) for field in hyperparameters["fields"]],
    }


def check(flags: list[str]) -> dict[str, Any]:
    """What a run with these flags would be.

    Raises:
        StartError, MazemeshError: it would be refused.
    """
    run = Run.of(parse_settings(LearnerSettings, flags, "learner"))
    return {"policy": run.policy, "row_bytes": run.signature.row_bytes}


def _entry(field: dict[str, Any]) -> dict[str, Any]:
    """A field of the form as a value."""
    told = {"name": field["name"], "value": field["preset"], "meaning": field["meaning"]}
    return {**told, "bounds": _bounds(field)}


def _bounds(field: dict[str, Any]) -> str:
    low, high, above = field.get("low"), field.get("high"), field.get("above", False)
    if "choices" in field:
        return f"one of {', '.join(field['choices'])}"
    if low is not None and high is not None:
        return str(Within(low, high, above))
    if low is not None:
        return f"{'above' if above else 'at least'} {low:g}"
    return "" if high is None else f"at most {high:g}"


def answer(arguments: list[str]) -> dict[str, Any]:
    """What a command line asks for, or why not."""
    try:
        match arguments:
            case ["list"]:
                return every()
            case ["form", game, algorithm]:
                return describe(game, algorithm)
            case ["preset", game, algorithm]:
                return preset(game, algorithm)
            case ["check", *flags]:
                return check(flags)
    except StartError as error:
        said = _WHERE.sub("", str(error))
        field = _FIELD.match(said)
        return {"error": said, "field": field[1] if field else ""}
    except MazemeshError as error:
        return {"error": str(error), "field": error.field}
    except SystemExit:  # of the parser of flags, which has said why
        return {"error": f"settings: {' '.join(arguments[1:])}: not understood", "field": ""}
    raise SystemExit(__doc__)


def main() -> None:
    """Answers on standard output; what libraries print goes to standard error."""
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        if sys.argv[1:] == ["serve"]:
            for line in sys.stdin:
                out.write(json.dumps(answer(json.loads(line))) + "\n")
                out.flush()
            return
        told = answer(sys.argv[1:])
    out.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
