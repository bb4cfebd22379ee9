"""Spaces in a file in TOML, for whoever starts a run on a game that only a simulator knows.

```toml
[observation]
box = [4]                    # the shape; numbers are float32 unless `dtype` says otherwise
low = [-4.8, -inf, -0.42, -inf]   # one number, or one for each element; unless told there is none
high = [4.8, inf, 0.42, inf]

[action]
discrete = 2                 # one of so many choices, numbered from 0, or from `start`
```

Further kinds: `multi_discrete = [3, 2]` with `starts`, `multi_binary = [8]` (the shape), and trees:
`[observation.dict.camera]` with a table for each name, `tuple = [{box = [2]}, {discrete = 3}]`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import (
    DEEPEST,
    ITEM_SIZES,
    Box,
    Dict,
    Discrete,
    MultiBinary,
    MultiDiscrete,
    Space,
    Tuple,
    check_space,
)

MOST_BYTES = 8 * 2**20

_KINDS = {
    "box": {"dtype", "low", "high"},
    "discrete": {"start"},
    "multi_discrete": {"starts"},
    "multi_binary": set[str](),
    "dict": set[str](),
    "tuple": set[str](),
}


def read_spaces(path: Path) -> tuple[Space, Space]:
    """What agents see, and what they do, as a file says.

    Raises:
        InvalidArgument: it cannot be read, or says something else; names the file and the key.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidArgument(f"spaces: {path} has more than {MOST_BYTES} bytes")
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidArgument(f"spaces: {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"spaces: {path} is no TOML: {error}") from error
    if set(content) != {"observation", "action"}:
        raise InvalidArgument(
            f"spaces: {path} has {sorted(content)}; expected the tables [observation] and [action]"
        )
    found = []
    for name in ("observation", "action"):
        where = f"spaces: {path}: {name}"
        space = _space(content[name], where, 0)
        check_space(space, where)
        found.append(space)
    return found[0], found[1]


def _space(value: Any, where: str, depth: int) -> Space:
    kinds = [kind for kind in _KINDS if isinstance(value, dict) and kind in value]
    if len(kinds) != 1 or depth > DEEPEST:
        raise InvalidArgument(
            f"{where} should be a table with one of {', '.join(_KINDS)}, at most {DEEPEST} deep"
        )
    (kind,) = kinds
    if others := set(value) - {kind} - _KINDS[kind]:
        raise InvalidArgument(
            f"{where} has {sorted(others)}; beside {kind} there may be "
            f"{sorted(_KINDS[kind]) or 'nothing'}"
        )
    try:
        return _of_kind(kind, value, where, depth)
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"{where}.{kind} is {value[kind]!r:.80}: {error}") from error


def _of_kind(kind: str, value: dict[str, Any], where: str, depth: int) -> Space:
    content = value[kind]
    match kind:
        case "box":
            return _box(value, where)
        case "discrete":
            return Discrete(_whole(content), _whole(value.get("start", 0)))
        case "multi_discrete":
            return MultiDiscrete(_all(content), _all(value.get("starts", ())))
        case "multi_binary":
            return MultiBinary(_all(content))
        case "dict":
            if not isinstance(content, dict):
                raise TypeError("it should be a table of spaces by name")
            named = content.items()
            return Dict(
                tuple((name, _space(one, f"{where}.{name}", depth + 1)) for name, one in named)
            )
        case _:
            parts = enumerate(content)
            return Tuple(tuple(_space(one, f"{where}.{i}", depth + 1) for i, one in parts))


def _box(value: dict[str, Any], where: str) -> Box:
    dtype = value.get("dtype", "float32")
    if dtype not in ITEM_SIZES:
        raise InvalidArgument(
            f"{where}.dtype is {dtype!r:.40}; it should be one of {', '.join(ITEM_SIZES)}"
        )
    least, most = (0.0, 255.0) if dtype == "uint8" else (float("-inf"), float("inf"))
    low, high = _bounds(value.get("low", least)), _bounds(value.get("high", most))
    shape = _all(value["box"])
    size = max(len(low), len(high))
    if len(low) != len(high):  # one of both is for all
        low, high = (bound * size if len(bound) == 1 else bound for bound in (low, high))
    return Box(low, high, shape, dtype)


def _bounds(value: Any) -> tuple[float, ...]:
    return tuple(map(float, value)) if isinstance(value, list) else (float(value),)


def _all(value: Any) -> tuple[int, ...]:
    return tuple(map(_whole, value))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r:.40} should be a whole number")
    return value
