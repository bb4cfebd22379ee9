import json

import pytest

from mazemesh.process.errors import StartError
from mazemesh.process.settings import parse_settings
from services.matchmaker.settings import MatchmakerSettings


def parsed(arguments: list[str]) -> MatchmakerSettings:
    return parse_settings(MatchmakerSettings, arguments, "matchmaker")


def test_games_are_named_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MatchmakerSettings().games == ("race",)
    monkeypatch.setenv("MAZEMESH_MATCHMAKER_GAMES", "race,solo")
    assert MatchmakerSettings().games == ("race", "solo")
    assert parsed(["--games", "solo"]).games == ("solo",)


def test_a_games_argument_is_not_cut_at_its_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("pettingzoo:a?x=[1,2]", "race")
    monkeypatch.setenv("MAZEMESH_MATCHMAKER_GAMES", json.dumps(names))
    assert MatchmakerSettings().games == names
    monkeypatch.setenv("MAZEMESH_MATCHMAKER_GAMES", " ".join(names))
    assert MatchmakerSettings().games == names
    assert parsed(["--games", names[0]]).games == names[:1]


def test_what_cannot_be_a_games_name_stops_the_start() -> None:
    with pytest.raises(StartError, match=r"games = .*has 65 characters; 1..64 printable"):
        parsed(["--games", "x" * 65])


@pytest.mark.parametrize(
    ("flag", "value"), [("--latest-share", "2"), ("--lease-seconds", "0"), ("--pfsp-curve", "odd")]
)
def test_a_value_out_of_range_stops_the_start(flag: str, value: str) -> None:
    with pytest.raises(StartError, match=flag):
        parsed([flag, value])


def test_shares_must_not_all_be_zero() -> None:
    zero = ["--latest-share", "0", "--pfsp-share", "0", "--bots-share", "0"]
    with pytest.raises(StartError, match="at least one"):
        parsed(zero)


def test_peers_are_found_under_the_common_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAZEMESH_ELO_ADDRESS", "elsewhere:1")
    assert MatchmakerSettings().elo_address == "elsewhere:1"
