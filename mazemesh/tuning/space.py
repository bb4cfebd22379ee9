"""The search space: what each hyperparameter may be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mazemesh.errors import InvalidArgument

Value = float | int | str

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_INTERVAL = re.compile(rf"(log:)?({_NUMBER})\.\.({_NUMBER})")
_DIGITS = 6


@dataclass(frozen=True)
class Interval:
    """Numbers from low to high, both included.

    Attributes:
        low, high: Bounds.
        log: Drawn evenly in the logarithm.
        whole: Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def value(self, drawn: float) -> Value:
        """A drawn number as it is used: whole, or with six digits, never outside."""
        if self.whole:
            return round(drawn)
        return min(max(float(f"{drawn:.{_DIGITS}g}"), self.low), self.high)

    def ends(self) -> tuple[Value, ...]:
        """Both bounds."""
        return self.value(self.low), self.value(self.high)


@dataclass(frozen=True)
class Choice:
    """One of some values, passed on as they are written; a single one is fixed."""

    values: tuple[str, ...]

    def ends(self) -> tuple[Value, ...]:
        """All values."""
        return self.values


Dimension = Interval | Choice


def parse_dimension(name: str, text: str, *, whole: bool) -> Dimension:
    """A dimension as it is written.

    `1e-4..3e-3` is an interval, `log:1e-4..3e-3` one that is searched by its logarithm, and
    `512,1024,2048` a choice. Commas inside brackets belong to a value: `[64,64],[128,128]`.

    Args:
        name: For messages.
        text: See above.
        whole: Whether an interval holds whole numbers only.

    Raises:
        InvalidArgument: the text means nothing of this.
    """
    found = _INTERVAL.fullmatch(text.replace(" ", ""))
    if found is None:
        return _choice(name, text)
    low, high = float(found[2]), float(found[3])
    if not low < high:
        raise InvalidArgument(f"space: {name} = {text!r} should go from a smaller to a larger one")
    if found[1] and low <= 0:
        raise InvalidArgument(f"space: {name} = {text!r} should begin above 0 to have a logarithm")
    if whole and not (low.is_integer() and high.is_integer()):
        raise InvalidArgument(f"space: {name} = {text!r} should go from whole number to whole one")
    return Interval(low, high, log=bool(found[1]), whole=whole)


def parse_assignments(texts: list[str]) -> dict[str, str]:
    """`name=dimension` each, by name.

    Raises:
        InvalidArgument: one without name or dimension, or a name twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not (name and equals and value.strip()):
            raise InvalidArgument(
                f"space: {text!r} should be NAME=VALUES, e.g. learning_rate=log:1e-4..3e-3"
            )
        if name in found:
            raise InvalidArgument(f"space: {name} is given twice")
        found[name] = value.strip()
    return found


def from_table(table: Mapping[str, object]) -> dict[str, str]:
    """Dimensions of a TOML table `[space]`, as they would be written on the command line.

    A string is a dimension as it is, a list a choice, a number fixed.

    Raises:
        InvalidArgument: a value of another kind.
    """
    found = {}
    for name, value in table.items():
        if isinstance(value, str):
            found[name] = value
        elif isinstance(value, list) and value:
            found[name] = ",".join(_written(name, one) for one in value)
        else:
            found[name] = _written(name, value)
    return found


def _written(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return str(value)
    if isinstance(value, list) and value:
        return "[" + ",".join(_written(name, one) for one in value) + "]"
    raise InvalidArgument(f"space: {name} = {value!r} should be a string, a number or a list")


def _choice(name: str, text: str) -> Choice:
    values, depth, start = [], 0, 0
    for position, sign in enumerate(text):
        depth += (sign == "[") - (sign == "]")
        if sign == "," and depth == 0:
            values.append(text[start:position].strip())
            start = position + 1
    values.append(text[start:].strip())
    if depth or not all(values) or ".." in text or len(set(values)) < len(values):
        raise InvalidArgument(
            f"space: {name} = {text!r} should be LOW..HIGH, log:LOW..HIGH, or different values "
            "with commas between"
        )
    if any(_is_number(value) and not math.isfinite(float(value)) for value in values):
        raise InvalidArgument(f"space: {name} = {text!r} should be finite")
    return Choice(tuple(values))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
