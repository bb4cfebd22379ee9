"""Matches that stand in Elo's log and touch no rating."""

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, Purpose, get_game, seeds
from services.game.matches.setup import MatchSetup


def setup(*, rated: bool = True, exhibition: bool = True) -> MatchSetup:
    game, seed = get_game("race"), seeds.seed(Purpose.EVALUATION, 1)
    settings = game.resolve(GameSettings(width=9, height=9))
    names = ("race:1", "bot/random")
    return MatchSetup("m", game, settings, seed, names, rated, 0, 1, exhibition)


def test_an_exhibition_has_a_ladder_of_its_own() -> None:
    assert setup(exhibition=False).ladder == "race-9x9"
    assert setup().ladder == "race-9x9/exhibition"


def test_an_exhibition_is_reported() -> None:
    with pytest.raises(InvalidArgument, match="exhibition: true needs rated"):
        setup(rated=False)
