"""What rows of files mean."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from mazemesh.match_files.refusal import Refused
from mazemesh.match_files.rows import Reader, grouped, normal
from mazemesh.match_files.values import Nanoseconds
from mazemesh.v1 import elo_pb2

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAIN: dict[str, Any] = {"white": "Deep Blue", "black": "Kasparov", "result": "1-0"}


def read(*rows: dict[str, Any], ladder: str = "chess", time: str = "2026-11-24") -> Any:
    return Reader(ladder, time).match([normal(row) for row in rows])


def test_a_line_as_chess_players_write_it() -> None:
    found = read(PLAIN)
    assert found.participants == ["foreign/Deep_Blue", "foreign/Kasparov"]
    assert [list(game.scores) for game in found.games] == [[1.0, 0.0]]
    assert found.ladder == "chess"
    assert found.finish_time.ToDatetime(UTC) == datetime(2026, 11, 24, tzinfo=UTC)
    assert found.match_id.startswith("import/row/")
    assert found.games[0].termination == elo_pb2.TERMINATION_FINISHED


@pytest.mark.parametrize(
    ("value", "scores"),
    [
        ("1-0", [1.0, 0.0]), ("0 - 1", [0.0, 1.0]), ("1/2-1/2", [0.5, 0.5]), ("1/2", [0.5, 0.5]),
        (0.25, [0.25, 0.75]), ("1", [1.0, 0.0]), (np.float32(0.5), [0.5, 0.5]), (0, [0.0, 1.0]),
    ],
)  # fmt: skip
def test_results(value: Any, scores: list[float]) -> None:
    assert list(read({**PLAIN, "result": value}).games[0].scores) == scores


@pytest.mark.parametrize(
    "value",
    [
        *("2026-11-24T12:00:00Z", "2026-11-24T13:00+01:00", "2026-11-24 12:00"),
        *(NOON, NOON.replace(tzinfo=None), int(NOON.timestamp()), str(int(NOON.timestamp()))),
        *(np.int64(NOON.timestamp()), Nanoseconds(int(NOON.timestamp()) * 10**9)),
    ],
)
def test_times(value: Any) -> None:
    assert read({**PLAIN, "date": value}).finish_time.ToDatetime(UTC) == NOON


def test_days_and_nanoseconds() -> None:
    for day in ("2026.11.24", "2026-11-24", date(2026, 11, 24)):
        found = read({**PLAIN, "Date": day}, time="")
        assert found.finish_time.ToDatetime(UTC) == datetime(2026, 11, 24, tzinfo=UTC)
    found = read({**PLAIN, "time": "2026-11-24T12:00:00.123456789Z"})
    assert found.finish_time.nanos == 123456789


def test_many_players_and_teams() -> None:
    found = read(
        {
            "match_id": "m1",
            "players": "race:1 bot/random player/zoe foreign/x",
            "scores": "1 1 0 0",
            "teams": [0, 0, 1, 1],
            "steps": np.array([3, 4, 5, 6]),
            "seed": 2**64 - 1,
            "termination": "step_limit",
        }
    )
    assert found.match_id == "import/m1"
    # Nobody of the mesh, but for its bots.
    assert found.participants == [
        *("foreign/race:1", "bot/random", "foreign/player/zoe", "foreign/x")
    ]
    game = found.games[0]
    assert (list(game.teams), list(game.steps)) == ([0, 0, 1, 1], [3, 4, 5, 6])
    assert game.termination == elo_pb2.TERMINATION_STEP_LIMIT


def test_games_of_a_match_stand_below_each_other_with_sides_changed() -> None:
    rows = [
        {"match_id": "a", "white": "x", "black": "y", "result": "1-0"},
        {"match_id": "a", "white": "y", "black": "x", "result": "1-0"},
        {"match_id": "b", "white": "x", "black": "y", "result": "1-0"},
        {"white": "x", "black": "y", "result": "1-0"},
        {"white": "x", "black": "y", "result": "1-0"},
    ]
    groups = list(grouped((line, normal(row)) for line, row in enumerate(rows, start=2)))
    assert [(line, len(group)) for line, group in groups] == [(2, 2), (4, 1), (5, 1), (6, 1)]
    reader = Reader("chess", "2026-11-24")
    found = [reader.match(group) for _, group in groups]
    assert [list(game.scores) for game in found[0].games] == [[1.0, 0.0], [0.0, 1.0]]
    assert [game.rotation for game in found[0].games] == [0, 1]
    # What says the same twice happened twice, and has ids that are the same each time.
    assert found[2].match_id.removesuffix("/0") == found[3].match_id.removesuffix("/1")
    again = Reader("chess", "2026-11-24")
    assert [again.match(group).match_id for _, group in groups] == [one.match_id for one in found]


@pytest.mark.parametrize(
    ("changed", "field", "right"),
    [
        ({"result": "*"}, "result", "1-0, 0-1, 1/2-1/2"),
        ({"result": 1.5}, "result", "from 0 to 1"),
        ({"result": True}, "result", "from 0 to 1"),
        ({"result": None}, "scores", "is missing"),
        ({"black": ""}, "black", "is missing"),
        ({"black": "Deep Blue"}, "players", "all different"),
        ({"black": "Deep_Blue"}, "players", "rename one"),
        ({"black": "Müller"}, "players", "visible characters of ASCII"),
        ({"black": "x" * 121}, "players", "1..120"),
        ({"time": "yesterday"}, "time", "a time such as"),
        ({"time": "1969-12-31"}, "time", "1970 or later"),
        ({"seed": -1}, "seed", "whole number"),
        ({"seed": 1.5}, "seed", "whole number"),
        ({"match_id": "a b"}, "match_id", "without spaces"),
        ({"ladder": "a b"}, "ladder", "without spaces"),
        ({"termination": "resigned"}, "termination", "finished, step_limit, forfeit"),
        ({"scores": "1 1"}, "scores", "add up to 1"),
        ({"scores": "1 0 0"}, "scores", "one for each of 2 players"),
        ({"scores": ["1", "x"]}, "scores[1]", "from 0 to 1"),
        ({"players": "one"}, "players", "2 to 64"),
        ({"players": {"x": 1}}, "players", "a list"),
        ({"steps": "1 2 3"}, "steps", "one number, or 2"),
        ({"teams": "0 64"}, "teams[1]", "from 0 to 63"),
        ({"games": []}, "games", "1 to 64 games"),
        ({"games": [1]}, "games", "list of objects"),
        ({"games": [{"scores": [1, 0], "rotation": 1}] * 2}, "rotation", "different"),
        ({"rules_hash": "x" * 129}, "rules_hash", "128"),
    ],
)
def test_what_is_wrong_is_told_with_field_value_and_remedy(
    changed: dict[str, Any], field: str, right: str
) -> None:
    with pytest.raises(Refused) as caught:
        read({**PLAIN, **changed})
    refusal = caught.value.at(7)
    assert refusal.field == field
    assert right in refusal.right
    assert str(refusal).startswith(f"line 7: {field} = ")


def test_ladder_and_time_have_to_be_told() -> None:
    with pytest.raises(Refused, match="ladder"):
        read(PLAIN, ladder="")
    with pytest.raises(Refused, match="time"):
        read(PLAIN, time="")
