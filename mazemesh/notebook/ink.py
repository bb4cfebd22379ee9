"""Colours and signs of seats and lines, the same as the console's.

Every sign has a shape besides its colour, and every line a dash, for those who see no difference
between the colours. Each colour has a contrast of 4.5 or more to the white ground (WCAG AA).
"""

from __future__ import annotations

import math
from typing import Final

GROUND: Final = "#ffffff"
TEXT: Final = "#1a1f24"
SOFT: Final = "#525d69"
GRID: Final = "#cfd6de"
WALL: Final = "#2a3138"
GOAL: Final = "#146c2e"
THING: Final = "#7a4d00"
FONT: Final = "font-family=\"system-ui, 'Noto Sans', sans-serif\""

COLOURS: Final = (
    *("#0b5cad", "#b3261e", "#146c2e", "#7a4d00"),
    *("#6b3fa0", "#00656b", "#a11d67", "#525d69"),
)
SHAPES: Final = ("circle", "square", "triangle", "diamond", "pentagon", "star", "cross", "hexagon")
DASHES: Final = ("", "6 3", "2 3", "9 3 2 3", "12 4", "4 2 1 2", "1 3", "8 2 2 2")

_CORNERS: Final = {
    "triangle": (3, 1.0, 0.0),
    "diamond": (4, 1.0, 0.0),
    "pentagon": (5, 1.0, 0.0),
    "star": (5, 0.55, 0.0),
    "cross": (4, 0.5, math.pi / 4),
    "hexagon": (6, 1.0, 0.0),
}
"""Of a shape: points, how far the corners between them are, and its turn."""


def colour(number: int) -> str:
    """Of a seat or line, counted from 0."""
    return COLOURS[number % len(COLOURS)]


def shape(number: int) -> str:
    """Of a seat or line, counted from 0."""
    return SHAPES[number % len(SHAPES)]


def sign(number: int, x: float, y: float, radius: float) -> str:
    """The sign of a seat or line as SVG."""
    ink = f'fill="{colour(number)}" stroke="{GROUND}" stroke-width="{max(1, radius * 0.12):.1f}"'
    kind = shape(number)
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {ink}/>'
    if kind == "square":
        side = radius * 1.7
        left, top = x - side / 2, y - side / 2
        return f'<rect x="{left:.1f}" y="{top:.1f}" width="{side:.1f}" height="{side:.1f}" {ink}/>'
    return f'<polygon points="{_corners(kind, x, y, radius * 1.08)}" {ink}/>'


def _corners(kind: str, x: float, y: float, radius: float) -> str:
    points, inner, turn = _CORNERS[kind]
    count = points if inner == 1.0 else 2 * points
    corners = []
    for corner in range(count):
        angle = turn - math.pi / 2 + corner * 2 * math.pi / count
        far = radius * (inner if inner != 1.0 and corner % 2 else 1.0)
        corners.append(f"{x + far * math.cos(angle):.1f},{y + far * math.sin(angle):.1f}")
    return " ".join(corners)
