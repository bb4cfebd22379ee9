"""A tournament as one SVG file, without scripts and without fonts of its own."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mazemesh.tournaments.text import STANDINGS, headline, standings
from mazemesh.tournaments.view import View, stage_name
from mazemesh.v1 import matchmaker_pb2 as pb

_WIDTH, _HEIGHT = 190, 38
_GAP_X, _GAP_Y = 40, 12
_MARGIN, _HEAD = 16, 56
_LETTERS = 24
_CELL = 24
_COLUMNS = (50, 230, 60, 90, 80, 80, 60, 50)

_STYLE = (
    "text{font:12px sans-serif;fill:#222}.h{font-weight:bold}.s{text-anchor:end}"
    ".w{font-weight:bold}rect{fill:#fff;stroke:#888}.o{stroke-dasharray:3 3}"
    "path{fill:none;stroke:#aaa}"
)

Box = tuple[float, float]
"""Left edge and middle of an encounter."""


def svg(view: View) -> str:
    """The bracket of an elimination with its standings, else the standings."""
    parts: list[str] = []
    right, bottom = _table(view, parts, _MARGIN, _HEAD)
    if view.is_elimination:
        boxes = _places(view, right)
        right = max([right, *(x + _WIDTH for x, _ in boxes.values())])
        bottom = max([bottom, *(y + _HEIGHT / 2 for _, y in boxes.values())])
        parts += _lines(view, boxes)
        for key, box in boxes.items():
            parts += _encounter(view, view.encounters.get(key), key, box)
    width, height = right + _MARGIN, bottom + _MARGIN
    head = f'<text class="h" x="{_MARGIN}" y="28">{escape(headline(view))}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}"><style>{_STYLE}</style>'
        f"{head}{''.join(parts)}</svg>\n"
    )


def _table(view: View, parts: list[str], left: float, top: float) -> tuple[float, float]:
    """The standings; where they end."""
    for number, row in enumerate([STANDINGS, *standings(view)]):
        at, y = left, top + _CELL * number
        for column, (cell, width) in enumerate(zip(row, _COLUMNS, strict=True)):
            kind = "h" if not number else ""
            if column == 1:
                parts.append(f'<text class="{kind}" x="{at:g}" y="{y:g}">{escape(cell)}</text>')
            else:
                end = at + width - 14
                parts.append(f'<text class="{kind} s" x="{end:g}" y="{y:g}">{escape(cell)}</text>')
            at += width
    rows = len(view.tournament.standings) + 1
    return left + sum(_COLUMNS), top + _CELL * rows


def _places(view: View, left: float) -> dict[str, Box]:
    """Where each encounter of the bracket stands, also those that are not known yet."""
    boxes: dict[str, Box] = {}
    rounds = view.size.bit_length() - 1
    left, step, row = left + _GAP_X, _WIDTH + _GAP_X, _HEIGHT + _GAP_Y
    for number in range(1, rounds + 1):
        for place in range(view.size >> number):
            middle = _HEAD + row * (2 * place + 1) * 2 ** (number - 2)
            boxes[f"w{number}.{place + 1}"] = left + step * (number - 1), middle
    middle = boxes[f"w{rounds}.1"][1]
    if view.summary.format == pb.TOURNAMENT_FORMAT_SINGLE_ELIMINATION:
        third = next((key for key in view.encounters if key.startswith("third")), "")
        if third:
            boxes[third] = left + step * (rounds - 1), middle + 1.5 * row
        return boxes
    top = _HEAD + row * (view.size / 2 + 1)
    for number in range(1, 2 * (rounds - 1) + 1):
        half = (number + 1) // 2
        for place in range(view.size >> (half + 1)):
            y = top + row * (2 * place + 1) * 2 ** (half - 2)
            boxes[f"l{number}.{place + 1}"] = left + step * (number - 1), y
    columns = max(rounds, 2 * (rounds - 1))
    boxes["f1.1"] = left + step * columns, middle
    if "f2.1" in view.encounters:
        boxes["f2.1"] = left + step * (columns + 1), middle
    return boxes


def _lines(view: View, boxes: dict[str, Box]) -> Iterator[str]:
    for key, (x, y) in boxes.items():
        for before in _from(view, key):
            if before in boxes:
                left, middle = boxes[before]
                bend = x - _GAP_X / 2
                yield f'<path d="M{left + _WIDTH:g} {middle:g}H{bend:g}V{y:g}H{x:g}"/>'


def _from(view: View, key: str) -> list[str]:
    """The encounters whose winners meet."""
    stage, _, place = key.partition(".")
    kind, number, at = (
        stage.rstrip("0123456789"),
        int(stage[len(stage.rstrip("0123456789")) :]),
        int(place),
    )
    rounds = view.size.bit_length() - 1
    two = [2 * at - 1, 2 * at]
    if kind == "w" and number > 1:
        return [f"w{number - 1}.{each}" for each in two]
    if kind == "l" and number > 1:
        wanted = two if number % 2 else [at]
        return [f"l{number - 1}.{each}" for each in wanted]
    if key == "f1.1":
        return [f"w{rounds}.1", f"l{2 * (rounds - 1)}.1"]
    return ["f1.1"] if key == "f2.1" else []


def _encounter(view: View, one: pb.TournamentEncounter | None, key: str, box: Box) -> Iterator[str]:
    x, top = box[0], box[1] - _HEIGHT / 2
    kind = "o" if one is None or not one.end else ""
    yield (
        f'<rect class="{kind}" x="{x:g}" y="{top:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="4">'
        f"<title>{escape(_title(view, one, key))}</title></rect>"
    )
    if one is None:
        return
    sides = [(one.first, one.first_points)]
    if one.HasField("second"):
        sides.append((one.second, one.second_points))
    for number, (entrant, points) in enumerate(sides):
        won = "w" if one.HasField("winner") and one.winner == entrant else ""
        y = top + 15 + 17 * number
        name = view.name(entrant)
        short = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        yield f'<text class="{won}" x="{x + 6:g}" y="{y:g}">{escape(short)}</text>'
        told = "" if one.end == pb.ENCOUNTER_END_BYE else f"{points:g}"
        if entrant in one.absent:
            told = "f"
        yield f'<text class="s {won}" x="{x + _WIDTH - 6:g}" y="{y:g}">{told}</text>'


def _title(view: View, one: pb.TournamentEncounter | None, key: str) -> str:
    stage = stage_name(key.partition(".")[0])
    return f"{stage}: {view.line(one) if one is not None else 'open'}"
