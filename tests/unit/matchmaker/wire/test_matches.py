from mazemesh.games import GameSettings
from mazemesh.wire.specs import settings_from_proto
from services.matchmaker.setup import CreatedGame, CreatedMatch, MatchSetup
from services.matchmaker.wire.matches import created_match, created_message, setup_message


def test_a_setup_is_told_whole() -> None:
    settings = GameSettings(width=6, height=6)
    message = setup_message(
        MatchSetup("m1", "race", settings, 77, ("race:1", "bot/random"), True, 3, 2)
    )
    assert settings_from_proto(message.settings) == settings
    assert (message.match_id, message.game, message.seed) == ("m1", "race", 77)
    assert list(message.participants) == ["race:1", "bot/random"]
    assert (message.rated, message.fence, message.rotations) == (True, 3, 2)


def test_created_matches_go_there_and_back() -> None:
    created = CreatedMatch("m1", [CreatedGame("m1/1", 1, ("token", ""), (1, 0))])
    assert created_match(created_message(created)) == created
