"""`python -P -m learner.offers`: what a run can be told, as JSON, for programs without the learner.

    list                     algorithms, and the settings that do not depend on them
    preset GAME ALGORITHM    what both are trained with, each value with its meaning
    form GAME ALGORITHM      the same as fields by subject, with what can be put into them
    check FLAG...            whether `python -m learner FLAG...` would take these
    serve                    each line of standard input is a command line as a list in JSON, and is
                             answered by a line, until the input ends

A refusal is an answer too: `{"error": "...", "field": "..."}`, status 0.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import sys
from typing import Any

from learner.algorithms.registry import find, names
from learner.bases.bounds import bounds
from learner.form import describe
from learner.preset_file import documented
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import MazemeshError
from mazemesh.games import GENERATORS, open_game
from mazemesh.process.errors import StartError
from mazemesh.process.settings import parse_settings

_WHERE = re.compile(r"\s*\(set it by [^()]*\)")
_FIELD = re.compile(r"([a-z_]+) (?:=|has)")


def every() -> dict[str, Any]:
    """Names of algorithms, and all settings with what they mean."""
    fields = LearnerSettings.model_fields
    return {
        "algorithms": names(),
        "generators": list(GENERATORS),
        "settings": [
            {"name": name, "meaning": field.description or ""} for name, field in fields.items()
        ],
    }


def preset(game: str, algorithm: str) -> dict[str, Any]:
    """What a game is trained with by an algorithm.

    Raises:
        MazemeshError: there is no such game or algorithm.
    """
    opened, method = open_game(game), find(algorithm)
    start = method.preset(game)
    chosen = [
        {"name": name, "value": value, "meaning": LearnerSettings.model_fields[name].description}
        for name, value in start.settings.items()
    ]
    hidden = {
        "name": "hidden",
        "value": list(start.hidden),
        "meaning": "Widths of the network's hidden layers.",
    }
    return {
        "game": opened.name,
        "algorithm": algorithm,
        "settings": [hidden, *chosen, *_entries(start.game_settings)],
        "hyperparameters": _entries(start.config),
    }


def check(flags: list[str]) -> dict[str, Any]:
    """What a run with these flags would be.

    Raises:
        StartError, MazemeshError: it would be refused.
    """
    run = Run.of(parse_settings(LearnerSettings, flags, "learner"))
    return {"policy": run.policy, "row_bytes": run.signature.row_bytes}


def _entries(settings: Any) -> list[dict[str, Any]]:
    meanings, within = documented(type(settings)), bounds(type(settings))
    return [
        {
            "name": field.name,
            "value": getattr(settings, field.name),
            "meaning": meanings[field.name].replace("`GENERATORS`", ", ".join(GENERATORS)),
            "bounds": str(within[field.name]) if field.name in within else "",
        }
        for field in dataclasses.fields(settings)
    ]


def answer(arguments: list[str]) -> dict[str, Any]:
    """What a command line asks for, or why not."""
    try:
        match arguments:
            case ["list"]:
                return every()
            case ["preset", game, algorithm]:
                return preset(game, algorithm)
            case ["form", game, algorithm]:
                return describe(game, algorithm)
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
