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
RACE_HASH = "047a247674c21839ec1a0e1f419e3a84a860a3790a830ba5cc653cf3d1a11018"
SOLO_HASH = "522ccbc19839ec4a67dfead2c9d82263854327c987112879b67d9da9553a7f97"
SPEC_HASH = "6994db64aa55e7a2479b25093ed4ac3ae5322a39211f50109879116216cfd00d"


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
    assert RACE.spec().rules_hash == RACE_HASH
    assert SOLO.spec().rules_hash == SOLO_HASH
    assert RACE.spec().spec_hash == SOLO.spec().spec_hash == SPEC_HASH


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
        ("seats", 9),
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
    with pytest.raises(InvalidArgument, match="2 x 2 is too small for 3 seats"):
        RACE.spec(GameSettings(width=2, height=2, seats=3))


def test_bot_names_and_codes() -> None:
    assert [bot_code(bot_policy(name)) for name in BOTS] == list(range(len(BOTS)))
    assert is_bot("bot/random")
    assert not is_bot("random")
    assert not is_bot("bot/genius")
    with pytest.raises(InvalidArgument, match="bot/random, bot/wall-follower, bot/shortest-path"):
        bot_code("bot/genius")
