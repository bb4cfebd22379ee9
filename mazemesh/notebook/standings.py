"""A leaderboard as a picture: each rating with its interval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mazemesh.notebook import ink
from mazemesh.notebook.picture import Picture, line, text

_ROW: Final = 22.0
_HEAD: Final = 52.0
_NAME, _GAMES, _SCALE, _WIDTH = 36.0, 300.0, 320.0, 300.0
_KINDS: Final = ("bot/", "player/", "foreign/")


@dataclass(frozen=True, slots=True)
class Standing:
    """A player on a ladder.

    Attributes:
        player: Name.
        rating: Headline rating.
        low, high: Ends of its 95 % interval.
        games: That it rests on.
    """

    player: str
    rating: float
    low: float
    high: float
    games: int


@dataclass(frozen=True, slots=True)
class Standings(Picture):
    """The best players of a ladder, the best first.

    Attributes:
        ladder: Its name.
        rows: Players.
        players: How many there are in all.
        matches: That were played.
    """

    ladder: str
    rows: tuple[Standing, ...] = field(repr=False)
    players: int
    matches: int

    def words(self) -> str:
        """A line a player."""
        if not self.rows:
            return f"{self.ladder}: nobody has a rating yet."
        head = f"{self.ladder}: {self.players} players, {self.matches:,} matches"
        rows = [
            f"{place}. {one.player}: {one.rating:.0f} ({one.low:.0f} to {one.high:.0f}), "
            f"{one.games} games"
            for place, one in enumerate(self.rows, 1)
        ]
        return "\n".join([head, *rows])

    def drawing(self) -> tuple[float, float, str]:
        """See `Picture.drawing`."""
        said = f"{self.players} players, {self.matches:,} matches; ratings with 95 % intervals"
        parts = [text(8, 18, f"{self.ladder}: leaderboard", size=13, bold=True)]
        parts.append(text(8, 34, said, fill=ink.SOFT))
        if not self.rows:
            parts.append(text(8, _HEAD + 14, "nobody has a rating yet"))
        low = min((one.low for one in self.rows), default=0.0)
        high = max((one.high for one in self.rows), default=1.0)
        span = high - low or 1.0

        def across(rating: float) -> float:
            return _SCALE + _WIDTH * (rating - low) / span

        for place, one in enumerate(self.rows, 1):
            y = _HEAD + _ROW * place - 8
            kind = next(
                (number for number, start in enumerate(_KINDS, 1) if one.player.startswith(start)),
                0,
            )
            parts.append(text(28, y, str(place), anchor="end", fill=ink.SOFT))
            parts.append(text(_NAME, y, one.player[:32], bold=not kind))
            parts.append(text(_GAMES, y, f"{one.games:,} games", size=11, anchor="end"))
            middle, from_x, to_x = y - 4, across(one.low), across(one.high)
            parts.append(line(from_x, middle, to_x, middle, ink.colour(kind), 1.5))
            parts += [
                line(end, middle - 4, end, middle + 4, ink.colour(kind), 1.5)
                for end in (from_x, to_x)
            ]
            parts.append(ink.sign(kind, across(one.rating), middle, 5))
            parts.append(text(_SCALE + _WIDTH + 10, y, f"{one.rating:.0f}", bold=True))
        return _SCALE + _WIDTH + 60, _HEAD + _ROW * max(len(self.rows), 1) + 10, "".join(parts)
