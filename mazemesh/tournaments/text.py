"""A tournament as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from mazemesh.tournaments.view import View, stage_name
from mazemesh.v1 import matchmaker_pb2 as pb

STANDINGS = ("place", "entrant", "points", "m-buchholz", "buchholz", "s-berger", "games", "met")
"""Columns of the standings: median Buchholz, Buchholz, Sonneborn-Berger, points in matches."""


def headline(view: View) -> str:
    """A tournament in one line."""
    one = view.summary
    state = pb.TournamentState.Name(one.state).removeprefix("TOURNAMENT_STATE_").lower()
    parts = [f"{one.title or one.tournament_id}: {state}", f"{one.played} matches played"]
    if view.running:
        parts.append(f"{one.outstanding} under way")
    if one.explanation:
        parts.append(one.explanation)
    return "; ".join(parts)


def standings(view: View, limit: int = 0) -> list[tuple[str, ...]]:
    """Rows of `STANDINGS`, the best first; `limit` 0 is all."""
    rows = view.tournament.standings
    return [
        (
            str(row.place or "-"),
            view.name(row.entrant),
            *(f"{value:g}" for value in (row.points, row.median_buchholz, row.buchholz)),
            *(f"{value:g}" for value in (row.sonneborn_berger, row.match_points)),
            str(row.encounters),
        )
        for row in rows[: limit or len(rows)]
    ]


def bracket(view: View) -> list[str]:
    """The upper bracket as a tree, and all other encounters by stage.

    Of formats without a bracket the stages alone.
    """
    lines: list[str] = []
    if view.is_elimination:
        lines += ["Upper bracket", *upper(view)]
    for stage, encounters in view.stages():
        if view.is_elimination and stage.startswith("w"):
            continue
        lines += ["", stage_name(stage), *(f"  {view.line(one)}" for one in encounters)]
    return lines


def upper(view: View) -> list[str]:
    """The tree of the upper bracket: who has won stands to the right, between the two who met."""
    columns = [_first_round(view)]
    while len(columns[-1]) > 1:
        number = len(columns)
        columns.append([_winner(view, number, place) for place in range(len(columns[-1]) // 2)])
    height = 2 * len(columns[0]) - 1
    lines = [""] * height
    for number, names in enumerate(columns):
        width = max(map(len, names))
        cells = [" " * width] * height
        for place, name in enumerate(names):
            cells[_row(number, place)] = name.ljust(width)
        edges = _edges(number, len(names), height)
        lines = [line + cell + edge for line, cell, edge in zip(lines, cells, edges, strict=True)]
    return [line.rstrip() for line in lines]


def _row(number: int, place: int) -> int:
    """Line of a place of a column, from 0: in the middle of those that lead to it."""
    half: int = 2**number
    return (2 * place + 1) * half - 1


def _edges(number: int, places: int, height: int) -> list[str]:
    """What stands behind a column: a line from each place, and one that joins two of them."""
    if places == 1:
        return [""] * height
    edges = ["    "] * height
    for place in range(0, places, 2):
        top, bottom = _row(number, place), _row(number, place + 1)
        for row in range(top + 1, bottom):
            edges[row] = "  │ "
        edges[top], edges[bottom] = " ─┐ ", " ─┘ "
        edges[(top + bottom) // 2] = "  ├─"
    return edges


def _first_round(view: View) -> list[str]:
    names: list[str] = []
    for number in range(1, view.size // 2 + 1):
        one = view.encounters.get(f"w1.{number}")
        if one is None:
            names += ["?", "?"]
        else:
            second = view.name(one.second) if one.HasField("second") else "(bye)"
            names += [view.name(one.first), second]
    return names


def _winner(view: View, number: int, place: int) -> str:
    one = view.encounters.get(f"w{number}.{place + 1}")
    if one is None or not one.HasField("winner"):
        return "?"
    name = view.name(one.winner)
    if one.end == pb.ENCOUNTER_END_BYE:
        return name
    points: Sequence[float] = sorted((one.first_points, one.second_points), reverse=True)
    if one.end == pb.ENCOUNTER_END_PLAYED:
        return f"{name} {points[0]:g}-{points[1]:g}"
    return f"{name} ({view.score(one)})"
