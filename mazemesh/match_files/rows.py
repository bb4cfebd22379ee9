"""Rows of a file as matches: what columns mean, and who takes part."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mazemesh.errors import InvalidArgument
from mazemesh.match_files import values
from mazemesh.match_files.refusal import Refused
from mazemesh.names import (
    GAME_ID,
    IMPORT_PREFIX,
    IMPORTED,
    LADDER,
    MATCH_ID,
    MOST_PARTICIPANTS,
    Grammar,
)
from mazemesh.v1 import elo_pb2

Row = Mapping[str, Any]

COLUMNS: Final = (
    *("match_id", "ladder", "time", "players", "scores"),
    *("rotation", "game_id", "steps", "termination", "teams", "seed", "rules_hash"),
)
"""Of a file that is written, in their order."""

ALSO: Final = {
    "id": "match_id",
    "finish_time": "time",
    "date": "time",
    "utcdate": "time",
    "player_1": "white",
    "player_2": "black",
}
KNOWN: Final = frozenset((*COLUMNS, *ALSO, "white", "black", "result", "games", "score"))
"""Columns that mean something; others are passed over."""

_LONGEST_HASH, _MOST_GAMES, _MOST_STEPS = 128, 64, 2**31 - 1
_SUM_TOLERANCE: Final = 1e-6
FOREIGN: Final = "foreign/"


def normal(row: Row) -> dict[str, Any]:
    """A row with the names of columns as they are known, and without empty cells."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        key = str(name).strip().lower().replace(" ", "_")
        cell = values.plain(value)
        if cell is not None:
            found.setdefault(ALSO.get(key, key), cell)
    return found


class Reader:
    """Makes matches of rows, one after the other.

    Args:
        ladder: Of rows that name none.
        time: Of rows without one.
    """

    def __init__(self, ladder: str = "", time: str = "") -> None:
        self._ladder, self._time = ladder, time
        self._names: dict[str, str] = {}
        self._players: dict[str, str] = {}
        self._identical: dict[bytes, int] = {}

    def match(self, rows: Sequence[Row]) -> elo_pb2.MatchResult:
        """The match of rows that have its id, or of one row.

        Raises:
            Refused: something in them is wrong.
        """
        first = rows[0]
        names = self._participants(first)
        games = [game for row in rows for game in _games(row)]
        if not 1 <= len(games) <= _MOST_GAMES:
            raise Refused("games", len(games), f"a match has 1 to {_MOST_GAMES} games")
        ladder = values.text("ladder", first.get("ladder", self._ladder))
        if not ladder:
            raise Refused("ladder", "", "is missing; name one in the row or by --ladder")
        when = first.get("time", self._time)
        if when == "":
            raise Refused("time", "", "is missing; tell when the match ended, or --time")
        found = elo_pb2.MatchResult(
            match_id=_id(first),
            ladder=_checked("ladder", LADDER, ladder),
            seed=values.whole("seed", first.get("seed", 0), 2**64 - 1),
            rules_hash=_bounded(
                "rules_hash", values.text("rules_hash", first.get("rules_hash", ""))
            ),
            participants=names,
            games=[self._game(game, names, place) for place, game in enumerate(games)],
            finish_time=values.finish("time", when),
        )
        rotations = [game.rotation for game in found.games]
        if len(set(rotations)) < len(rotations):
            raise Refused("rotation", rotations, "games of a match have different ones")
        if not found.match_id:
            found.match_id = self._made_id(found)
        return found

    def _participants(self, row: Row) -> list[str]:
        if "players" in row:
            given = values.several("players", row["players"], values.text)
        elif "white" in row and "black" in row:
            given = [values.text(side, row[side]) for side in ("white", "black")]
        else:
            sides = [side for side in ("white", "black") if side not in row]
            missing = sides[0] if len(sides) == 1 else "players"
            raise Refused(missing, "", "is missing; name `players`, or `white` and `black`")
        if not 2 <= len(given) <= MOST_PARTICIPANTS:
            raise Refused("players", given, f"must be 2 to {MOST_PARTICIPANTS}")
        names = [self._player(name) for name in given]
        if len(set(names)) < len(names):
            raise Refused("players", given, "must be all different")
        return names

    def _player(self, given: str) -> str:
        """Whom a name of a file means: nobody of this mesh, but for bots."""
        known = self._names.get(given)
        if known is not None:
            return known
        name = "_".join(given.split())
        if not name.startswith((FOREIGN, "bot/")):
            name = FOREIGN + name
        try:
            IMPORTED.check("players", name)
        except InvalidArgument:
            raise Refused("players", given, f"must be {IMPORTED.right}") from None
        other = self._players.setdefault(name, given)
        if other != given and (" " in other or " " in given):
            raise Refused("players", given, f"stands for {name}, and so does {other!r}: rename one")
        self._names[given] = name
        return name

    def _game(self, row: Row, names: Sequence[str], place: int) -> elo_pb2.GameOutcome:
        order = names
        if ("players" in row or "white" in row) and "games" not in row:
            order = self._participants(row)
            if sorted(order) != sorted(names):
                raise Refused("players", order, f"other games of the match are of {list(names)}")
        scores = _scores(row)
        if len(scores) != len(order):
            raise Refused("scores", scores, f"needs one for each of {len(order)} players")
        if len(scores) == 2 and not math.isclose(sum(scores), 1.0, abs_tol=_SUM_TOLERANCE):
            raise Refused("scores", scores, "two players' scores must add up to 1")
        teams = values.several("teams", row.get("teams", []), _team)
        steps = values.several("steps", row.get("steps", []), _steps)
        if teams and len(teams) != len(order):
            raise Refused("teams", teams, f"needs one for each of {len(order)} players")
        if len(steps) not in (0, 1, len(order)):
            raise Refused("steps", steps, f"must be one number, or {len(order)}")
        termination: Any = values.termination("termination", row.get("termination", "finished"))
        places = [order.index(name) for name in names]
        game_id = values.text("game_id", row.get("game_id", ""))
        return elo_pb2.GameOutcome(
            game_id=_checked("game_id", GAME_ID, game_id) if game_id else "",
            rotation=values.whole("rotation", row.get("rotation", place), _MOST_STEPS),
            scores=[scores[at] for at in places],
            steps=[steps[at] for at in places] if len(steps) == len(order) else steps,
            termination=termination,
            teams=[teams[at] for at in places] if teams else [],
        )

    def _made_id(self, found: elo_pb2.MatchResult) -> str:
        """An id by what a match says, and the how manieth of those who say the same it is."""
        digest = hashlib.sha256(found.SerializeToString(deterministic=True)).digest()[:20]
        number = self._identical.get(digest, 0)
        self._identical[digest] = number + 1
        return f"{IMPORT_PREFIX}row/{digest.hex()}/{number}"


def grouped(rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, list[Row]]]:
    """Rows that follow each other with one match id, with the line of the first."""
    group: list[Row] = []
    first, of = 0, None
    for line, row in rows:
        match_id = row.get("match_id")
        if group and (match_id is None or match_id != of or len(group) > _MOST_GAMES):
            yield first, group
            group = []
        if not group:
            first, of = line, match_id
        group.append(row)
    if group:
        yield first, group


def _games(row: Row) -> list[Row]:
    games = row.get("games")
    if games is None:
        return [row]
    if not isinstance(games, list) or not all(isinstance(game, dict) for game in games):
        raise Refused("games", games, "must be a list of objects with `scores`")
    return [normal(game) for game in games]


def _scores(row: Row) -> list[float]:
    if "scores" in row:
        return values.several("scores", row["scores"], values.score)
    for name in ("result", "score"):
        if name in row:
            return list(values.result(name, row[name]))
    raise Refused("scores", "", "is missing; tell `scores`, or the `result` of two")


def _id(row: Row) -> str:
    if "match_id" not in row:
        return ""
    given = values.text("match_id", row["match_id"])
    full = given if given.startswith(IMPORT_PREFIX) else IMPORT_PREFIX + given
    try:
        return MATCH_ID.check("match_id", full)
    except InvalidArgument:
        most = 128 - len(IMPORT_PREFIX)
        right = f"must be 1..{most} visible characters of ASCII, without spaces"
        raise Refused("match_id", given, right) from None


def _checked(field: str, grammar: Grammar, value: str) -> str:
    if not grammar.accepts(value):
        raise Refused(field, value, f"must be {grammar.right}")
    return value


def _bounded(field: str, value: str) -> str:
    if len(value) > _LONGEST_HASH:
        raise Refused(field, value, f"at most {_LONGEST_HASH} characters")
    return value


def _team(field: str, value: Any) -> int:
    return values.whole(field, value, MOST_PARTICIPANTS - 1)


def _steps(field: str, value: Any) -> int:
    return values.whole(field, value, _MOST_STEPS)
