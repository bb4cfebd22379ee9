"""Names of foreign games and what they mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any
from urllib.parse import parse_qsl

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import MAX_NAME_LENGTH, check_game_name, shown

GROUP = "mazemesh.games"
"""The entry-point group in which packages name their games."""

KINDS = ("gymnasium", "gymnasium-vector", "pettingzoo")
PLUGIN = "plugin"


@dataclass(frozen=True)
class ForeignName:
    """A name taken apart.

    Attributes:
        kind: One of `KINDS`, or "plugin" for a game of an entry point.
        target: The id, module or entry point.
        arguments: Passed on to the environment by keyword.
    """

    kind: str
    target: str
    arguments: dict[str, Any]


def is_foreign(name: str) -> bool:
    """Whether a name means a foreign game; it need not exist."""
    return name.partition(":")[0] in KINDS or _base(name) in plugins()


def foreign_among(names: Iterable[str]) -> set[str]:
    """Those of the names that mean foreign games."""
    return {name for name in names if is_foreign(name)}


@cache
def plugins() -> dict[str, EntryPoint]:
    """The games that installed packages offer, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def parse(name: str) -> ForeignName:
    """Takes a name apart.

    Raises:
        InvalidArgument: it is no foreign game's name, or too long.
    """
    check_game_name(name)
    base, _, query = name.partition("?")
    arguments = {key: _value(text) for key, text in parse_qsl(query, keep_blank_values=True)}
    kind, colon, target = base.partition(":")
    if colon and kind in KINDS and target:
        return ForeignName(kind, target, arguments)
    if base in plugins():
        return ForeignName(PLUGIN, base, arguments)
    raise InvalidArgument(
        f"game: {shown(name)} is no foreign game; those are gymnasium:ID, pettingzoo:MODULE, and "
        f"what installed packages offer ({', '.join(sorted(plugins())) or 'nothing here'})"
    )


def policy_name(game: str) -> str:
    """The name under which a game's policies are published unless told otherwise.

    That of a game of mazemesh is its own; of a foreign one the last part, in the characters that
    policies' names have: "cartpole-v1".
    """
    last = re.split(r"[:/]", _base(game))[-1].lower()
    return re.sub(r"[^a-z0-9._-]+", "-", last.rpartition(".")[2] or last)[:MAX_NAME_LENGTH]


def _base(name: str) -> str:
    return name.partition("?")[0]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
