"""A preset as a settings file: what is known to work for a game, each value with its meaning."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from learner.algorithms.registry import find
from learner.bases.bounds import bounds
from learner.settings import LearnerSettings
from mazemesh.game_names import check_external_name, is_external
from mazemesh.games import GENERATORS, open_game

_WIDTH = 96


def preset_text(game: str, algorithm: str) -> str:
    """TOML that `--config` takes, with all hyperparameters and settings of the game.

    Raises:
        InvalidArgument: no such game or algorithm; names those there are.
    """
    name = check_external_name(game) if is_external(game) else open_game(game).name
    start = find(algorithm).preset(game)
    lines = [
        f"# {name} by {algorithm}, as preset. Change what you like, leave out what may stay, then",
        f"# mazemesh up --game {name} --algorithm {algorithm} --learner=--config=THIS_FILE",
        f'game = "{name}"',
        f'algorithm = "{algorithm}"',
        *_entry("hidden", list(start.hidden), "Widths of the network's hidden layers."),
        *_settings(start.settings),
        *_entries(start.game_settings),
        "",
        "[hyperparameters]",
        *_entries(start.config),
    ]
    return "\n".join(lines) + "\n"


def _settings(chosen: Mapping[str, object]) -> list[str]:
    lines = []
    for name, value in chosen.items():
        meaning = LearnerSettings.model_fields[name].description or ""
        lines += _entry(name, value, f"{meaning[:1].upper()}{meaning[1:]}.")
    return lines


def documented(settings: type) -> dict[str, str]:
    """What the docstrings of a dataclass and of those it grew from say of each attribute."""
    found: dict[str, str] = {}
    for kind in reversed(settings.__mro__):
        _, _, attributes = (inspect.getdoc(kind) or "").partition("Attributes:\n")
        for entry in re.split(r"^    (?=\w+:)", attributes, flags=re.MULTILINE)[1:]:
            name, _, meaning = entry.partition(":")
            found[name] = " ".join(meaning.split())
    return found


def _entries(settings: Any) -> list[str]:
    meanings, within = documented(type(settings)), bounds(type(settings))
    lines = []
    for field in dataclasses.fields(settings):
        meaning = meanings[field.name].replace("`GENERATORS`", ", ".join(GENERATORS))
        if field.name in within:
            meaning = f"{meaning} ({within[field.name]})"
        lines += _entry(field.name, getattr(settings, field.name), meaning)
    return lines


def _entry(name: str, value: object, meaning: str) -> list[str]:
    comment = textwrap.wrap(meaning, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    written = f'"{value}"' if isinstance(value, str) else str(value).lower()
    return [*comment, f"{name} = {written}"]
