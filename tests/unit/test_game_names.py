"""Names of games as text, and lists of them in settings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import check_game_name, split_game_names
from mazemesh.process.errors import StartError
from mazemesh.process.settings import parse_settings
from services.game.settings import GameServiceSettings

COMMAS = "pettingzoo:games.mine?grid=[4,5]&name=a,b"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("race", ("race",)),
        ("race,solo", ("race", "solo")),
        (" race, solo,", ("race", "solo")),
        ("race solo", ("race", "solo")),
        (COMMAS, (COMMAS,)),
        (f"race {COMMAS}\nsolo", ("race", COMMAS, "solo")),
        (json.dumps(["a b", COMMAS]), ("a b", COMMAS)),
    ],
)
def test_a_list_of_games(text: str, names: tuple[str, ...]) -> None:
    assert split_game_names(text) == names


@given(st.lists(st.text(), max_size=4))
def test_whatever_json_wrote_is_read_back(names: list[str]) -> None:
    assert split_game_names(json.dumps(names)) == tuple(names)


@pytest.mark.parametrize("text", ["[race", "[1]", '["a"] b'])
def test_what_begins_as_json_has_to_be_a_list_of_names(text: str) -> None:
    with pytest.raises(InvalidArgument, match="games: "):
        split_game_names(text)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "a\0b", "\u202erace"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^game: "):
        check_game_name(name)


def test_a_long_name_is_not_told_whole() -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_game_name("x" * 1_000_000)
    assert len(str(caught.value)) < 400


def test_game_is_told_its_games_by_environment_and_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*arguments: str) -> GameServiceSettings:
        return parse_settings(GameServiceSettings, arguments, "game")

    assert parsed().foreign_games == ()
    monkeypatch.setenv("MAZEMESH_GAME_FOREIGN_GAMES", COMMAS)
    monkeypatch.setenv("MAZEMESH_GAME_WARM_GAMES", json.dumps([COMMAS, "race"]))
    assert parsed().foreign_games == (COMMAS,)
    assert parsed().warm_games == (COMMAS, "race")
    assert parsed("--foreign-games", f"{COMMAS} gymnasium:A-v0").foreign_games == (
        COMMAS,
        "gymnasium:A-v0",
    )
    with pytest.raises(StartError, match=r"is not allowed here.*--foreign-games"):
        parsed("--foreign-games", "gymnasium:A-v0")  # and COMMAS is to be warmed
    with pytest.raises(StartError, match="'chess' is no foreign game"):
        parsed("--foreign-games", "chess")
