"""Figures as files: PNG each, or one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Section:
    """A figure with what belongs to it.

    Attributes:
        name: Short, for the file: "learning".
        heading: For people.
        figure: The drawing.
        columns, rows: A table below it; none without columns.
    """

    name: str
    heading: str
    figure: Figure
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


def write(
    folder: Path,
    name: str,
    title: str,
    facts: Mapping[str, object],
    sections: Sequence[Section],
    formats: Collection[str],
) -> list[Path]:
    """Writes `<name>-<section>.png` each, and/or `<name>.html` with all; the files' paths.

    Args:
        folder: Made when it does not exist.
        name: Beginning of the files' names.
        title: Of the page.
        facts: What the page tells first.
        sections: Figures.
        formats: "png", "html" or both.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    if "png" in formats:
        for section in sections:
            files.append(folder / f"{name}-{section.name}.png")
            section.figure.savefig(files[-1])
    if "html" in formats:
        files.append(folder / f"{name}.html")
        files[-1].write_text(page(title, facts, sections), encoding="utf-8")
    return files


def page(title: str, facts: Mapping[str, object], sections: Sequence[Section]) -> str:
    """One self-contained HTML document."""
    known = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>"
        for name, value in facts.items()
    )
    body = "".join(_section(section) for section in sections)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{html.escape(title)}</h1><dl>{known}</dl>{body}</body></html>\n"
    )


def _section(section: Section) -> str:
    drawing = io.BytesIO()
    section.figure.savefig(drawing, format="svg")
    # As an image and not inline: identifiers of several drawings in one document would collide.
    data = base64.b64encode(drawing.getvalue()).decode()
    heading = html.escape(section.heading)
    image = f'<img alt="{heading}" src="data:image/svg+xml;base64,{data}">'
    return f"<section><h2>{heading}</h2>{image}{_table(section)}</section>"


def _table(section: Section) -> str:
    if not section.columns:
        return ""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in section.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in section.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.6em; } h2 { font-size: 1.15em; margin-top: 2em; }
img { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content auto; gap: .2em 1.2em; }
dt { color: #666; } dd { margin: 0; }
table { border-collapse: collapse; margin-top: 1em; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .8em; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
"""
