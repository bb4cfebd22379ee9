"""What a hyperparameter may be: each field of a config carries its bounds in its type."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

from mazemesh.errors import InvalidArgument


@dataclass(frozen=True)
class Within:
    """Numbers from `low` to `high`, both included unless `above`: then `low` itself is not.

    In an annotation, `Annotated[float, Within(0, 1)]`.
    """

    low: float
    high: float
    above: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether a number is one of them; what is no number never is."""
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        """As errors and settings files tell it."""
        if self.above:
            return f"above {_number(self.low)} and at most {_number(self.high)}"
        return f"in {_number(self.low)}..{_number(self.high)}"


Steps = Annotated[int, Within(1, 4096)]
"""Of a piece of play that is stored as one row."""

Rows = Annotated[int, Within(1, 65_536)]
"""Of a request to Replay, a minibatch, or what makes them."""

Updates = Annotated[int, Within(1, 1_000_000_000)]
"""Gradient steps that something takes; 0 of them would be a division by zero, or never."""

Share = Annotated[float, Within(0, 1)]
Cost = Annotated[float, Within(0, 100)]
Norm = Annotated[float, Within(0, 1_000_000, above=True)]


def bounds(settings: type) -> dict[str, Within]:
    """The bounds of each field of a dataclass that has some, by name."""
    hints = get_type_hints(settings, include_extras=True)
    found = {}
    for field in dataclasses.fields(settings):
        for mark in getattr(hints[field.name], "__metadata__", ()):
            if isinstance(mark, Within):
                found[field.name] = mark
    return found


def check(settings: Any) -> None:
    """Holds each field of a dataclass to its bounds, and to whole numbers where it is an int.

    Raises:
        InvalidArgument: one is beyond them; tells field, value and bounds.
    """
    whole = _whole(type(settings))
    for name, within in bounds(type(settings)).items():
        check_value(name, getattr(settings, name), within, whole=name in whole)


def check_value(name: str, value: float, within: Within, *, whole: bool) -> None:
    """Holds one value to its bounds.

    Raises:
        InvalidArgument: it is beyond them, or a fraction where it should be `whole`.
    """
    fraction = whole and math.isfinite(value) and not float(value).is_integer()
    if fraction or value not in within:
        wanted = "a whole number" if whole else "a number"
        raise InvalidArgument(f"hyperparameters: {name} = {value:g} should be {wanted} {within}")


def _whole(settings: type) -> frozenset[str]:
    return frozenset(name for name, kind in get_type_hints(settings).items() if kind is int)


def _number(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:g}"
