"""A maze with whoever is in it, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mazemesh.notebook import ink
from mazemesh.notebook.picture import Picture, line, text

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_SIDE: Final = 300.0
_LARGEST_CELL: Final = 44.0
_MARGIN: Final = 8.0
_LINE: Final = 18.0
_TRAIL: Final = 12
_THINGS: Final = {"collect": "gem", "coop-keys": "key", "ctf": "flag"}


@dataclass(frozen=True, slots=True)
class Board(Picture):
    """A moment of a game in a maze.

    Cells are numbered y * width + x; -1 is nowhere.

    Attributes:
        width, height: Of the maze, in cells.
        passages: By cell, which sides are open: north 1, east 2, south 4, west 8.
        positions: Of the seats.
        goals: Where players are bound for.
        items: Where keys, gems or flags lie.
        names: Of who holds the seats; "" is whoever learns.
        step: Of the episode.
        game: Its name.
        note: How it ended, or whatever else is to be said.
        trails: By seat the last cells, the newest last.
    """

    width: int
    height: int
    passages: Sequence[int] = field(repr=False)
    positions: tuple[int, ...]
    goals: tuple[int, ...] = ()
    items: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    step: int = 0
    game: str = ""
    note: str = ""
    trails: tuple[tuple[int, ...], ...] = field(default=(), repr=False)

    def moved(
        self,
        positions: Sequence[int],
        *,
        step: int,
        goals: Sequence[int] = (),
        items: Sequence[int] = (),
        note: str = "",
    ) -> Board:
        """The same maze some steps later."""
        trails = []
        for seat, cell in enumerate(positions):
            before = (
                self.trails[seat] if seat < len(self.trails) else self.positions[seat : seat + 1]
            )
            stays = cell < 0 or (before and before[-1] == cell)
            trails.append(before if stays else (*before, cell)[-_TRAIL:])
        return Board(
            self.width,
            self.height,
            self.passages,
            tuple(positions),
            tuple(goals),
            tuple(items),
            self.names,
            step,
            self.game,
            note,
            tuple(trails),
        )

    def words(self) -> str:
        """Who stands where, by row and column from 1."""
        seats = [
            f"{self._name(seat)} ({ink.shape(seat)}) at {self._place(cell)}"
            for seat, cell in enumerate(self.positions)
            if cell >= 0
        ]
        goals = [f"{self._goal()} at {self._place(cell)}" for cell in self.goals if cell >= 0]
        lying = [self._place(cell) for cell in self.items if cell >= 0]
        things = [f"{self._thing()}s at {'; '.join(lying)}"] if lying else []
        head = f"{self.game or 'maze'} of {self.width} x {self.height} cells, step {self.step}"
        note = [self.note] if self.note else []
        return ". ".join([head, *seats, *goals, *things, *note]) + "."

    def drawing(self) -> tuple[float, float, str]:
        """See `Picture.drawing`."""
        cell = min(_LARGEST_CELL, _SIDE / max(self.width, self.height))
        wide, high = cell * self.width, cell * self.height
        parts = [f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">']
        parts += [self._goal_sign(index, at, cell) for index, at in self._there(self.goals)]
        parts += [self._thing_sign(index, at, cell) for index, at in self._there(self.items)]
        parts += [self._trail(seat, cell) for seat in range(len(self.trails))]
        parts.append(self._walls(cell))
        parts += self._seats(cell)
        parts.append("</g>")
        top = high + 2 * _MARGIN
        parts += self._legend(top)
        rows = len(self.positions) + 1 + bool(self.note)
        return max(wide, 240) + 2 * _MARGIN, top + _LINE * rows + 4, "".join(parts)

    def _legend(self, top: float) -> list[str]:
        said = f"{self.game}, step {self.step}" if self.game else f"step {self.step}"
        parts = [text(_MARGIN, top + 12, said, fill=ink.SOFT)]
        for seat in range(len(self.positions)):
            y = top + 12 + _LINE * (seat + 1)
            parts.append(ink.sign(seat, _MARGIN + 6, y - 4, 6))
            parts.append(text(_MARGIN + 18, y, self._name(seat)))
        if self.note:
            y = top + 12 + _LINE * (len(self.positions) + 1)
            parts.append(text(_MARGIN, y, self.note, bold=True))
        return parts

    def _seats(self, cell: float) -> list[str]:
        parts = []
        before: dict[int, int] = {}
        for seat, at in self._there(self.positions):
            x, y = self._middle(at, cell)
            shared = before.get(at, 0)  # those that share a cell stand beside each other
            before[at] = shared + 1
            x, y = x + shared * cell * 0.16, y - shared * cell * 0.12
            parts.append(ink.sign(seat, x, y, cell * 0.34))
            if cell >= 18:
                parts.append(
                    text(
                        x,
                        y + cell * 0.11,
                        str(seat + 1),
                        size=cell * 0.3,
                        fill=ink.GROUND,
                        anchor="middle",
                        bold=True,
                    )
                )
        return parts

    def _walls(self, cell: float) -> str:
        parts = []
        for at, open_sides in enumerate(self.passages):
            x, y = (at % self.width) * cell, (at // self.width) * cell
            if not open_sides & _EAST:
                parts.append(f"M{x + cell:.1f} {y:.1f}v{cell:.1f}")
            if not open_sides & _SOUTH:
                parts.append(f"M{x:.1f} {y + cell:.1f}h{cell:.1f}")
            if not x and not open_sides & _WEST:
                parts.append(f"M{x:.1f} {y:.1f}v{cell:.1f}")
            if not y and not open_sides & _NORTH:
                parts.append(f"M{x:.1f} {y:.1f}h{cell:.1f}")
        thick = max(1.5, cell * 0.09)
        return (
            f'<path d="{"".join(parts)}" fill="none" stroke="{ink.WALL}" '
            f'stroke-width="{thick:.1f}" stroke-linecap="round"/>'
        )

    def _trail(self, seat: int, cell: float) -> str:
        if len(self.trails[seat]) < 2:
            return ""
        places = (self._middle(at, cell) for at in self.trails[seat])
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return (
            f'<polyline points="{points}" fill="none" stroke="{ink.colour(seat)}" opacity="0.35" '
            f'stroke-width="{cell * 0.12:.1f}" stroke-linejoin="round"/>'
        )

    def _goal_sign(self, index: int, at: int, cell: float) -> str:
        x, y = self._middle(at, cell)
        size, base = cell * 0.36, self._goal() == "base"
        wide = size if base else size * 0.7
        stroke = ink.colour(index) if base else ink.GOAL
        filled = "none" if base else f'{ink.GOAL}" fill-opacity="0.25'
        return (
            f'<rect x="{x - wide:.1f}" y="{y - size:.1f}" width="{2 * wide:.1f}" '
            f'height="{2 * size:.1f}" fill="{filled}" stroke="{stroke}" '
            f'stroke-width="{max(1.5, cell * 0.07):.1f}"/>'
        )

    def _thing_sign(self, index: int, at: int, cell: float) -> str:
        x, y = self._middle(at, cell)
        size, kind = cell * 0.24, self._thing()
        if kind == "key":
            bow = f'<circle cx="{x - size / 2:.1f}" cy="{y:.1f}" r="{size / 2:.1f}" fill="none" '
            bow += f'stroke="{ink.THING}" stroke-width="2"/>'
            return bow + line(x, y, x + size * 1.1, y, ink.THING, 2)
        if kind == "flag":
            pole = line(x - size * 0.6, y + size * 1.3, x - size * 0.6, y - size * 1.2, ink.TEXT, 2)
            cloth = (
                f"{x - size * 0.6:.1f},{y - size * 1.2:.1f} {x + size:.1f},{y - size * 0.6:.1f} "
            )
            cloth += f"{x - size * 0.6:.1f},{y:.1f}"
            return pole + f'<polygon points="{cloth}" fill="{ink.colour(index)}"/>'
        points = f"{x:.1f},{y - size:.1f} {x + size:.1f},{y:.1f} {x:.1f},{y + size:.1f} "
        points += f"{x - size:.1f},{y:.1f}"
        return f'<polygon points="{points}" fill="none" stroke="{ink.THING}" stroke-width="2"/>'

    def _middle(self, at: int, cell: float) -> tuple[float, float]:
        return (at % self.width + 0.5) * cell, (at // self.width + 0.5) * cell

    def _place(self, at: int) -> str:
        return f"row {at // self.width + 1}, column {at % self.width + 1}"

    def _name(self, seat: int) -> str:
        return (self.names[seat] if seat < len(self.names) else "") or "whoever learns"

    def _kind(self) -> str:
        return self.game.split("@")[0].split(" ")[0]

    def _goal(self) -> str:
        return "base" if self._kind() == "ctf" else "exit"

    def _thing(self) -> str:
        return _THINGS.get(self._kind(), "gem")

    @staticmethod
    def _there(cells: Sequence[int]) -> list[tuple[int, int]]:
        return [(index, at) for index, at in enumerate(cells) if at >= 0]
