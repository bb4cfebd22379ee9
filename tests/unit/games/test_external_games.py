"""Games of which only spaces are known: their files, names and specs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.game_names import check_external_name
from mazemesh.games import Catalogue, GameSettings, open_game
from mazemesh.games.external import ExternalGame
from mazemesh.games.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from mazemesh.games.spaces.space_files import read_spaces

INFINITE = float("inf")


def spaces_of(folder: Path, text: str) -> tuple[object, object]:
    file = folder / "spaces.toml"
    file.write_text(text)
    return read_spaces(file)


def test_a_file_says_spaces_of_every_kind(tmp_path: Path) -> None:
    text = """
[observation.dict.camera]
box = [4, 4, 3]
dtype = "uint8"
[observation.dict.speed]
box = [2]
low = [-1, -inf]
high = 5
[observation.dict.gear]
discrete = 6
start = -1
[action]
tuple = [{multi_discrete = [3, 2], starts = [1, 0]}, {multi_binary = [2]}]
"""
    observation, action = spaces_of(tmp_path, text)
    assert observation == Dict(
        (
            ("camera", Box((0.0,), (255.0,), (4, 4, 3), "uint8")),
            ("speed", Box((-1.0, -INFINITE), (5.0, 5.0), (2,))),
            ("gear", Discrete(6, -1)),
        )
    )
    assert action == Tuple((MultiDiscrete((3, 2), (1, 0)), MultiBinary((2,))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected the tables"),
        ("[observation]\nbox = [1]", "expected the tables"),
        ("observation = 1\n[action]\ndiscrete = 2", "one of box, discrete"),
        ("[observation]\nbox = [1]\nhigher = 3\n[action]\ndiscrete = 2", "higher"),
        ("[observation]\nbox = [0]\n[action]\ndiscrete = 2", "dimensions of 1 or more"),
        ("[observation]\nbox = [1]\n[action]\ndiscrete = 2.5", "whole number"),
        ("[observation]\nbox = 3\n[action]\ndiscrete = 2", "observation.box is 3"),
        ('[observation]\nbox = [1]\ndtype = "int64"\n[action]\ndiscrete = 2', "int64"),
        ("[observation]\nbox = [1]\nlow = 2\nhigh = 1\n[action]\ndiscrete = 2", "no number lies"),
        ("[observation", "no TOML"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InvalidArgument, match=expected):
        spaces_of(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="cannot be read"):
        read_spaces(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["external:", "external:A", "external:a b", "race", "external:-"])
def test_names_have_a_form(name: str) -> None:
    with pytest.raises(InvalidArgument, match="external:NAME"):
        check_external_name(name)


def test_nobody_opens_it() -> None:
    for opening in (open_game, Catalogue().get):
        with pytest.raises(InvalidArgument, match="played by a simulator"):
            opening("external:cart")


def test_its_spec_is_that_of_its_spaces() -> None:
    game = ExternalGame("external:cart", Box((-INFINITE,), (INFINITE,), (4,)), Discrete(2))
    spec = game.spec()
    assert (spec.seats, spec.num_actions, spec.observation_size) == (1, 2, 4)
    assert spec.observation_dtype == "float32"
    other = ExternalGame("external:other", game.observation, game.action)
    assert other.spec().spec_hash == spec.spec_hash
    with pytest.raises(InvalidArgument, match="width: 7 does not apply"):
        game.spec(GameSettings(width=7))


def test_first_observations_are_of_the_space() -> None:
    observation = Dict(
        (
            ("a", Box((0.0, -INFINITE), (0.5, INFINITE), (2,))),
            ("b", Discrete(3)),
            ("c", Box((0.0,), (255.0,), (2, 2, 3), "uint8")),
            ("d", MultiDiscrete((2, 4))),
        )
    )
    columns = ExternalGame("external:x", observation, Discrete(2)).first_columns(
        GameSettings(), 1, 50
    )
    assert columns["observation.a"].dtype == np.float32
    assert (columns["observation.a"][:, 0] <= 0.5).all()
    assert (columns["observation.a"][:, 0] >= 0).all()
    assert all(math.isfinite(one) for one in columns["observation.a"].ravel())
    assert set(columns["observation.b"].tolist()) == {0, 1, 2}
    assert columns["observation.c"].shape == (50, 2, 2, 3)
    assert columns["observation.d"].max() == 3
    assert (columns["action_mask"] == 1).all()
