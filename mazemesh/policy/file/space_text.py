"""A space of actions as text, in the metadata of an ONNX file: whoever plays it needs no game."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import (
    Box,
    Dict,
    Discrete,
    MultiBinary,
    MultiDiscrete,
    Space,
    Tuple,
    check_space,
    content,
)

ACTION_SPACE = "mazemesh.action_space"
"""Key of an ONNX file's own metadata (`metadata_props`); not needed for one `Discrete`."""

LONGEST = 8 * 2**20


def space_text(space: Space) -> str:
    """JSON of a space."""
    return json.dumps(content(space), separators=(",", ":"))


@lru_cache(maxsize=64)
def space_of(text: str) -> Space:
    """The space of a text.

    Raises:
        InvalidArgument: it is none that `space_text` writes.
    """
    if len(text) > LONGEST:
        raise InvalidArgument(f"{ACTION_SPACE} has {len(text)} characters; at most {LONGEST}")
    try:
        space = _space(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as error:
        raise InvalidArgument(f"{ACTION_SPACE} is no space: {error!r:.200}") from error
    check_space(space, ACTION_SPACE)
    return space


def _space(value: dict[str, Any]) -> Space:
    if "box" in value:
        low, high = (tuple(float(bound) for bound in value[name]) for name in ("low", "high"))
        return Box(low, high, tuple(map(int, value["box"])), str(value["dtype"]))
    if "discrete" in value:
        return Discrete(int(value["discrete"]), int(value["start"]))
    if "multi_discrete" in value:
        return MultiDiscrete(tuple(map(int, value["multi_discrete"])), tuple(value["starts"]))
    if "multi_binary" in value:
        return MultiBinary(tuple(map(int, value["multi_binary"])))
    if "dict" in value:
        return Dict(tuple((str(name), _space(part)) for name, part in value["dict"]))
    return Tuple(tuple(_space(part) for part in value["tuple"]))
