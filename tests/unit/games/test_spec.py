from __future__ import annotations

from typing import Any

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import (
    BOTS,
    Game,
    GameSettings,
    bot_code,
    bot_policy,
    get_game,
    is_bot,
    list_games,
)

RACE = get_game("race")
SOLO = get_game("solo")
PINNED = {
    "collect": (
        "b30522d98c04d45d93a1a9cdf907a97903808c57a18f6c8b5018eebd449f4b20",
        "824582242f9bf1fee0392f8c7ad2bc1d7524a45da951f807532456b42a6c4610",
    ),
    "coop-keys": (
        "b987035d52ebf4df6239356e346b19afd85a4b485eabe2c8fd4ff51498c9a578",
        "c416e824197042aa18f7bd8eb8a6d607c5a5d11e6fd390d93a7343b744e4077d",
    ),
    "ctf": (
        "d6d06a0074f3b9a663999d6681bfd2e972cff6fc33d21539133273fd056bb4b0",
        "40a44e32b9c84488ae023e896e78c371884244ca46aab6130647fe27971cda15",
    ),
    "pursuit": (
        "c9300d58f5e179eb5a03f2759fad3e4adb802bfdf765b6ff3d04c1e9d2814c3c",
        "4d8b4cf1bffdb967875b0fe5b90e37a54d505f404b0cbc52ded374c4cc775bac",
    ),
    "race": (
        "047a247674c21839ec1a0e1f419e3a84a860a3790a830ba5cc653cf3d1a11018",
        "6994db64aa55e7a2479b25093ed4ac3ae5322a39211f50109879116216cfd00d",
    ),
    "solo": (
        "522ccbc19839ec4a67dfead2c9d82263854327c987112879b67d9da9553a7f97",
        "6994db64aa55e7a2479b25093ed4ac3ae5322a39211f50109879116216cfd00d",
    ),
}
"""By game, the hashes of its rules and its spec under default settings."""


def test_the_registry_lists_what_it_finds() -> None:
    names = [game.name for game in list_games()]
    assert names == ["collect", "coop-keys", "ctf", "pursuit", "race", "solo"]
    assert all(get_game(game.name) is game for game in list_games())


def test_an_unknown_game_names_those_that_exist() -> None:
    with pytest.raises(
        InvalidArgument, match=r"'chess' is unknown; the games of mazemesh are collect, .*, solo"
    ):
        get_game("chess")


@pytest.mark.parametrize("view", [3, 7, 9])
@pytest.mark.parametrize("line_of_sight", [False, True])
@pytest.mark.parametrize("game", list_games(), ids=lambda game: game.name)
def test_the_layout_has_no_gaps(game: Game, line_of_sight: bool, view: int) -> None:
    spec = game.spec(GameSettings(view=view, line_of_sight=line_of_sight))
    offset = 0
    for field in spec.layout:
        assert field.offset == offset
        offset += field.size
    assert offset == spec.observation_size
    assert all(field.shape == (view, view) for field in spec.layout[: spec.planes])
    assert all(len(field.shape) == 1 for field in spec.layout[spec.planes :])


def test_the_same_settings_give_the_same_hashes() -> None:
    assert RACE.spec(GameSettings(step_limit=200, seats=2)) == RACE.spec()
    assert RACE.spec(GameSettings(shaping=0.5)).rules_hash == RACE.spec().rules_hash


@pytest.mark.parametrize(
    "change",
    [
        {"width": 9},
        {"height": 9},
        {"view": 5},
        {"generator": "dfs"},
        {"loops": 0.2},
        {"step_limit": 99},
        {"seats": 3},
        {"line_of_sight": True},
    ],
)
def test_whatever_changes_play_changes_the_rules_hash(change: dict[str, Any]) -> None:
    assert RACE.spec(GameSettings(**change)).rules_hash != RACE.spec().rules_hash


def test_hashes_hold_from_version_to_version() -> None:
    """Ratings and policies hang on them; they change only together with the game's version."""
    specs = {game.name: game.spec() for game in list_games()}
    assert {name: (spec.rules_hash, spec.spec_hash) for name, spec in specs.items()} == PINNED
    every = GameSettings(15, 12, 9, "prim", 0.25, 99, 3, line_of_sight=True, shaping=0.5)
    assert RACE.spec(every).rules_hash.startswith("e9e222605843f456")
    assert RACE.spec(every).spec_hash.startswith("44c7c146081b2d1c")


def test_games_that_look_different_have_other_specs() -> None:
    hashes = {game.spec().spec_hash for game in list_games()}
    assert len(hashes) == len(list_games()) - 1  # race and solo look alike


def test_teams_are_named_by_start_place() -> None:
    teams = {game.name: game.spec().teams for game in list_games()}
    assert teams == {
        "collect": (0, 1),
        "coop-keys": (0, 0),
        "ctf": (0, 1),
        "pursuit": (0, 1),
        "race": (0, 1),
        "solo": (0,),
    }


def test_a_policy_fits_games_that_look_alike() -> None:
    assert SOLO.spec().spec_hash == RACE.spec(GameSettings(width=20, seats=4)).spec_hash
    assert SOLO.spec().spec_hash != SOLO.spec(GameSettings(view=9)).spec_hash
    assert SOLO.spec().rules_hash != RACE.spec().rules_hash


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 1),
        ("height", 65),
        ("height", 8.5),
        ("seats", True),
        ("loops", "many"),
        ("view", 4),
        ("view", 1),
        ("generator", "eller"),
        ("loops", 1.5),
        ("loops", float("nan")),
        ("step_limit", -1),
        ("seats", 1025),
        ("line_of_sight", 1),
        ("shaping", -0.1),
        ("shaping_discount", 1.1),
    ],
)
def test_a_wrong_setting_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidArgument, match=f"^{field}: .*{value}"):
        GameSettings(**{field: value})


def test_seats_must_fit_the_game_and_the_maze() -> None:
    with pytest.raises(InvalidArgument, match=r"seats: 2 is outside 1\.\.1 of game solo"):
        SOLO.spec(GameSettings(seats=2))
    with pytest.raises(InvalidArgument, match="width: 2 with height 2 is too small for 3 seats"):
        RACE.spec(GameSettings(width=2, height=2, seats=3))


def test_bot_names_and_codes() -> None:
    assert [bot_code(bot_policy(name)) for name in BOTS] == list(range(len(BOTS)))
    assert is_bot("bot/random")
    assert not is_bot("random")
    assert not is_bot("bot/genius")
    with pytest.raises(InvalidArgument, match="bot/random, bot/wall-follower, bot/shortest-path"):
        bot_code("bot/genius")
