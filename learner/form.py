"""The settings of a run as a form: every field with its meaning, bounds and preset.

What is written here is what the settings' classes and the algorithms' configs say of themselves.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator
from typing import Any, Final, Literal, Union, get_args, get_origin

from learner.algorithms import registry
from learner.algorithms.registry import find
from learner.bases.bounds import bounds
from learner.preset_file import documented
from learner.settings import LearnerSettings
from mazemesh.games import GENERATORS, GameSettings
from mazemesh.games.registry import is_own
from mazemesh.training.sections import SECTIONS

_GENERATORS: Final = ", ".join(GENERATORS)
_CHOICES: Final = {"generator": sorted(GENERATORS)}
_MEANINGS: Final = documented(GameSettings)


def describe(game: str, algorithm: str) -> dict[str, Any]:
    """A form for training a game by an algorithm, as plain values.

    No game is opened for it: presets go by names. A field has `name`, `kind` ("whole", "number",
    "switch", "choice", "list" or "text"), `meaning`, and where they are known `preset`, `choices`,
    `low`, `high` and `above` (`low` itself is not allowed).

    Raises:
        InvalidArgument: no such algorithm; names those there are.
    """
    preset = find(algorithm).preset(game)
    settings = {
        **{name: getattr(preset.game_settings, name) for name in SECTIONS["game"]},
        "hidden": list(preset.hidden),
        **preset.settings,
    }
    sections = [
        {"name": section, "fields": [setting(name, settings.get(name)) for name in names]}
        for section, names in SECTIONS.items()
        if section != "game" or is_own(game.partition("?")[0])
    ]
    return {
        "game": game,
        "algorithm": algorithm,
        "algorithms": registry.names(),
        "games": preset.games,
        "sections": [
            {"name": "hyperparameters", "fields": list(_hyperparameters(preset.config))},
            *sections,
        ],
    }


def _hyperparameters(config: Any) -> Iterator[dict[str, Any]]:
    meanings, within = documented(type(config)), bounds(type(config))
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue  # `hyperparameters` are numbers
        kind = "whole" if isinstance(value, int) else "number"
        found = {"name": field.name, "kind": kind, "preset": value}
        found["meaning"] = meanings.get(field.name, "")
        if field.name in within:
            bound = within[field.name]
            found |= {"low": bound.low, "high": bound.high, "above": bound.above}
        yield found


def setting(name: str, preset: Any = None) -> dict[str, Any]:
    """The field of a setting of the learner; without a preset it is what it is anywhere."""
    info = LearnerSettings.model_fields[name]
    kind, choices = _kind(name, info.annotation)
    if preset is None:
        preset = info.get_default(call_default_factory=True)
    told = _MEANINGS.get(name, info.description or "")
    meaning = told.replace("`GENERATORS`", _GENERATORS)
    found = {"name": name, "kind": kind, "preset": preset, "meaning": meaning}
    if choices:
        found["choices"] = choices
    for mark in info.metadata:
        for bound, key in (("ge", "low"), ("gt", "low"), ("le", "high"), ("lt", "high")):
            if (value := getattr(mark, bound, None)) is not None:
                found[key] = value
                found["above"] = bound == "gt" if key == "low" else found.get("above", False)
    return found


def _kind(name: str, annotation: Any) -> tuple[str, list[str]]:
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if name in _CHOICES:
        return "choice", list(_CHOICES[name])
    if get_origin(annotation) is Literal:
        return "choice", [str(one) for one in get_args(annotation)]
    if get_origin(annotation) is list:
        return "list", []
    base = annotation if isinstance(annotation, type) else next(iter(get_args(annotation)), str)
    return {bool: "switch", int: "whole", float: "number"}.get(base, "text"), []
