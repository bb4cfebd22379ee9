from __future__ import annotations

from typing import Any

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import BOTS, GameSettings, bot_code, bot_policy, get_game, is_bot, list_games

RACE = get_game("race")
SOLO = get_game("solo")


def test_the_registry_lists_what_it_finds() -> None:
    assert [game.name for game in list_games()] == ["race", "solo"]
    assert all(get_game(game.name) is game for game in list_games())


def test_an_unknown_game_names_those_that_exist() -> None:
    with pytest.raises(InvalidArgument, match="'chess' is unknown; the games are race, solo"):
        get_game("chess")


@pytest.mark.parametrize("view", [3, 7, 9])
def test_the_layout_has_no_gaps(view: int) -> None:
    spec = RACE.spec(GameSettings(view=view))
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
    ],
)
def test_whatever_changes_play_changes_the_rules_hash(change: dict[str, Any]) -> None:
    assert RACE.spec(GameSettings(**change)).rules_hash != RACE.spec().rules_hash


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
