"""What a notebook shows: a picture, and the same in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from pathlib import Path
from typing import Any

from mazemesh.notebook import ink


class Picture(ABC):
    """Shown by Jupyter as SVG, without a script; by what shows no pictures, in words.

    `str()` of it are the words, and `svg()` is a file's content.
    """

    __slots__ = ()

    @abstractmethod
    def words(self) -> str:
        """All that the picture tells."""

    @abstractmethod
    def drawing(self) -> tuple[float, float, str]:
        """Width and height in pixels, and what is drawn, in SVG."""

    def svg(self) -> str:
        """The picture as a file; its words are its title, which is read out."""
        width, height, drawn = self.drawing()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
            f"<title>{escape(self.words())}</title>"
            f'<rect width="100%" height="100%" fill="{ink.GROUND}"/>{drawn}</svg>'
        )

    def save(self, file: str | Path) -> Path:
        """Writes it as an SVG file; where that is."""
        path = Path(file)
        path.write_text(self.svg() + "\n", encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What Jupyter asks for."""
        return {"image/svg+xml": self.svg(), "text/plain": self.words()}

    def __str__(self) -> str:
        return self.words()


def text(
    x: float,
    y: float,
    content: str,
    *,
    size: float = 12,
    fill: str = ink.TEXT,
    anchor: str = "start",
    bold: bool = False,
) -> str:
    """A line of text as SVG."""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.4g}" fill="{fill}" '
        f'text-anchor="{anchor}" {ink.FONT}{weight}>{escape(content)}</text>'
    )


def line(
    x: float, y: float, to_x: float, to_y: float, stroke: str = ink.GRID, width: float = 1
) -> str:
    """A straight line as SVG."""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{stroke}" '
        f'stroke-width="{width:.4g}"/>'
    )
