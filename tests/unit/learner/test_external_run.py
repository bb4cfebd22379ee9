"""Runs on games that a simulator plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from learner.loop.first_version import first_draft
from learner.preset_file import preset_text
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Discrete
from mazemesh.wire.external_spaces import external_from_proto

SPACES = "[observation]\nbox = [4]\n[action]\ndiscrete = 2\n"


@pytest.fixture
def spaces(tmp_path: Path) -> Path:
    file = tmp_path / "cart.toml"
    file.write_text(SPACES)
    return file


def test_versions_say_what_agents_see_and_do(spaces: Path) -> None:
    run = Run.of(LearnerSettings(game="external:cart", spaces=spaces))
    assert run.policy == "cart"
    assert run.collection.game == "external:cart"
    observation, action = external_from_proto(run.collection.external, "external")
    infinite = float("inf")
    assert (observation, action) == (Box((-infinite,), (infinite,), (4,)), Discrete(2))
    assert not run.packed
    assert "opponent" not in run.signature.names
    assert run.description["external"][1] == {"discrete": 2, "start": 0}
    draft = first_draft(run, run.source.initial(0))
    assert draft.parity.observation.shape[1] == 4


def test_others_say_nothing_of_it() -> None:
    run = Run.of(LearnerSettings(game="solo"))
    assert not run.collection.HasField("external")
    assert "external" not in run.description


def test_what_does_not_go_together_is_refused(spaces: Path) -> None:
    for settings, expected in (
        ({"game": "external:cart"}, "by --spaces FILE"),
        ({"game": "race", "spaces": spaces}, "game is race"),
        ({"game": "external:Cart", "spaces": spaces}, "external:NAME"),
        ({"game": "external:cart", "spaces": spaces, "lockstep": True}, "lockstep"),
        ({"game": "external:cart", "spaces": spaces, "pool": ["x"]}, "one seat"),
        ({"game": "external:cart", "spaces": spaces, "algorithm": "mappo"}, "whole game"),
    ):
        with pytest.raises(InvalidArgument, match=expected):
            Run.of(LearnerSettings(**settings))


def test_it_has_a_preset() -> None:
    assert 'game = "external:cart"' in preset_text("external:cart", "ppo")
