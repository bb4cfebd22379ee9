"""Figures of a run over its steps, as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mazemesh.notebook import ink
from mazemesh.notebook.picture import Picture, line, text

Point = tuple[float, float]

_PANEL: Final = 320.0
_HEIGHT: Final = 200.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 14.0, 46.0, 34.0
_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Curve(Picture):
    """Some figures over agent steps, each in a panel of its own.

    Attributes:
        title: Of the whole.
        figures: Points (x, y) by name, in the order of x.
        axis: What x is.
        note: How things stand.
    """

    title: str
    figures: Mapping[str, Sequence[Point]] = field(repr=False)
    axis: str = "agent steps"
    note: str = ""

    def words(self) -> str:
        """The first and the last value of each figure."""
        told = [self.title + (f": {self.note}" if self.note else "")]
        for name, points in self.figures.items():
            if not points:
                told.append(f"{name}: nothing yet")
                continue
            (x, first), (to_x, last) = points[0], points[-1]
            told.append(f"{name}: {first:.3g} at {x:,.0f} {self.axis}, {last:.3g} at {to_x:,.0f}")
        return ". ".join(told) + "."

    def drawing(self) -> tuple[float, float, str]:
        """See `Picture.drawing`."""
        parts = [text(8, 18, self.title, size=13, bold=True)]
        if self.note:
            parts.append(text(8, 34, self.note, fill=ink.SOFT))
        for number, (name, points) in enumerate(self.figures.items()):
            parts.append(f'<g transform="translate({_PANEL * number:.0f} 0)">')
            parts.append(self._panel(number, name, points))
            parts.append("</g>")
        return _PANEL * max(len(self.figures), 1), _HEIGHT + 40, "".join(parts)

    def _panel(self, number: int, name: str, points: Sequence[Point]) -> str:
        top = _TOP + 12
        bottom, right = _HEIGHT + 40 - _BOTTOM, _PANEL - _RIGHT
        parts = [text(_LEFT, top - 6, name.replace("_", " "), bold=True)]
        low, high = _range([y for _, y in points])
        far = max((x for x, _ in points), default=0.0) or 1.0
        for tick in range(_TICKS + 1):
            value = low + (high - low) * tick / _TICKS
            y = bottom - (bottom - top) * tick / _TICKS
            parts.append(line(_LEFT, y, right, y))
            parts.append(text(_LEFT - 6, y + 4, f"{value:.3g}", size=11, anchor="end"))
        parts.append(text(_LEFT, bottom + 16, "0", size=11, anchor="middle"))
        parts.append(text(right, bottom + 16, f"{far:,.0f}", size=11, anchor="end"))
        middle = (_LEFT + right) / 2
        parts.append(text(middle, bottom + 28, self.axis, size=11, fill=ink.SOFT, anchor="middle"))
        if not points:
            parts.append(
                text(middle, (top + bottom) / 2, "nothing yet", fill=ink.SOFT, anchor="middle")
            )
            return "".join(parts)
        places = [
            (
                _LEFT + (right - _LEFT) * x / far,
                bottom - (bottom - top) * (y - low) / (high - low),
            )
            for x, y in points
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dash = f' stroke-dasharray="{ink.DASHES[number]}"' if ink.DASHES[number] else ""
        parts.append(
            f'<polyline points="{drawn}" fill="none" stroke="{ink.colour(number)}" '
            f'stroke-width="2"{dash}/>'
        )
        x, y = places[-1]
        parts.append(ink.sign(number, x, y, 4.5))
        near = y + 16 if y - top < 16 else y - 8
        parts.append(text(x - 4, near, f"{points[-1][1]:.3g}", anchor="end", bold=True))
        return "".join(parts)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Round ends that hold all values; 0..1 where there are none."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0  # shares are told from 0 to 1
    if high == low:
        low, high = low - 0.5, high + 0.5
    step = 10.0 ** math.floor(math.log10(high - low))
    return math.floor(low / step) * step, math.ceil(high / step) * step
