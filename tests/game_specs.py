"""A Game service as far as specs go, by hand: what GetGameSpec answers, without a server."""

from dataclasses import dataclass, field

from mazemesh.errors import Unavailable
from mazemesh.games import Catalogue, GameSettings
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.specs import settings_to_proto
from services._harness.peers.game_specs import known_game
from services._harness.peers.known_games import KnownGame
from services.game.wire.convert import game_spec


@dataclass
class FakeSpecs:
    """Tells of the games of a catalogue; away while `down`."""

    games: Catalogue = field(default_factory=Catalogue)
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def spec(self, request: pb.GetGameSpecRequest, wait: float) -> pb.GetGameSpecResponse:
        self.asked.append(request.game)
        if self.down:
            raise Unavailable("Game is down")
        return game_spec(request, self.games)


def known(game: str, settings: GameSettings | None = None) -> KnownGame:
    """A game of mazemesh as a service that asked for it knows it."""
    told = settings_to_proto(settings or GameSettings())
    request = pb.GetGameSpecRequest(game=game, settings=told)
    return known_game(game_spec(request, Catalogue()))
