from services.elo.models.arrays import NO_PARENT
from services.elo.standings.folding.players import is_bot, parents, version_of


def test_names_tell_bots_versions_and_people() -> None:
    assert is_bot("bot/random")
    assert not is_bot("robot:1")
    assert version_of("race:12") == ("race", 12)
    assert version_of("bot/random") is None
    assert version_of("player/ann") is None


def test_the_parent_is_the_next_lower_version_on_the_ladder_by_number() -> None:
    players = ["race:10", "bot/random", "race:9", "solo:9", "race:2", "player/ann"]
    assert parents(players) == [2, NO_PARENT, 4, NO_PARENT, NO_PARENT, NO_PARENT]
