"""Problems by name: of mazemesh, of installed packages, or a function of the user's.

A name runs code, so it comes from the command line or a program of this machine, never from the
network.
"""

from __future__ import annotations

import importlib
import json
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from mazemesh.errors import InvalidArgument
from mazemesh.optimization.problem import Problem

GROUP: Final = "mazemesh.problems"
"""The entry-point group in which packages name their problems."""

MAX_NAME_LENGTH: Final = 1_000


def problem_names() -> dict[str, EntryPoint]:
    """The problems that mazemesh and other installed packages offer, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def open_problem(name: str) -> Problem:
    """A problem: `5g`, `5g?cells=20` or `my_package.my_module:function?size=3`.

    What the name means is a `Problem`, or makes one, and gets what comes after `?` by keyword:
    numbers and lists as JSON, else text.

    Raises:
        InvalidArgument: there is none of the name, it cannot be made, or it is no `Problem`.
    """
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidArgument(
            f"problem: a name of {len(name)} characters should have at most {MAX_NAME_LENGTH}"
        )
    target, _, query = name.partition("?")
    given = {key: _value(text) for key, text in parse_qsl(query, keep_blank_values=True)}
    found = _find(target)
    if callable(found) and not isinstance(found, Problem):
        try:
            found = found(**given)
        except InvalidArgument:
            raise
        except Exception as error:  # whatever the user's own code raises
            raise InvalidArgument(
                f"problem: {name!r} cannot be made: {type(error).__name__}: {error}"
            ) from error
    elif given:
        raise InvalidArgument(f"problem: {target!r} takes no parameters, but has {query!r}")
    if not isinstance(found, Problem):
        raise InvalidArgument(
            f"problem: {name!r} is a {type(found).__name__}; it should be a "
            "mazemesh.optimization.Problem, or a function that makes one"
        )
    return found


def look_in_current_folder() -> None:
    """Has the user's own modules found, after all others: none takes a library's place."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _find(target: str) -> Any:
    points = problem_names()
    try:
        if target in points:
            return points[target].load()
        module, colon, attribute = target.partition(":")
        if colon and module and attribute:
            found: Any = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
            return found
    except Exception as error:  # a module may fail in any way
        raise InvalidArgument(
            f"problem: {target!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    raise InvalidArgument(
        f"problem: {target!r} is unknown; there are {', '.join(sorted(points)) or 'none'}, "
        "league:NAME, and MODULE:FUNCTION"
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
