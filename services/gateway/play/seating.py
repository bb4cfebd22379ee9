"""How a person gets a seat: in a game that is made at once, or through FindMatch."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from mazemesh.client.matchmaker import find_request
from mazemesh.client.mesh import Mesh
from mazemesh.errors import InvalidArgument
from mazemesh.games import is_bot
from mazemesh.v1 import game_pb2 as game
from mazemesh.v1 import matchmaker_pb2 as matchmaker
from mazemesh.wire.specs import settings_to_proto
from services.gateway.play.wish import Wish

_SEEDS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of a game.

    Attributes:
        token: Its secret.
        game_address: Of the instance of Game that has the game; empty: any.
        others: Seats of the same game that a policy is to play for the person: (token, policy).
    """

    token: str
    game_address: str
    others: tuple[tuple[str, str], ...] = ()


def opponent_of(mesh: Mesh, wish: Wish) -> str:
    """The opponent as matches name it: an alias is its version.

    Raises:
        NotFound: there is no such policy.
    """
    if not wish.opponent or is_bot(wish.opponent):
        return wish.opponent
    version = mesh.model.describe(wish.opponent)
    return f"{version.name}:{version.version}"


def made(mesh: Mesh, wish: Wish, player: str, opponent: str) -> Seat:
    """A seat of a game that is made at once, with the opponent in all others.

    Raises:
        InvalidArgument: the game, its settings or the opponent do not fit.
        PermissionDenied: the key makes no games: FindMatch is for it.
    """
    told = mesh.game.spec(wish.game, wish.size.settings())
    if told.spec.seats > 1 and not opponent:
        raise InvalidArgument("opponent: name one, or leave it empty and wait in the queue")
    setup = game.MatchSetup(
        match_id=f"play-{uuid.uuid4().hex}",
        game=wish.game,
        settings=settings_to_proto(wish.size.settings()),
        seed=random.SystemRandom().randrange(_SEEDS),
        participants=[player] + [opponent] * (told.spec.seats - 1),
        rotations=1,
    )
    created = mesh.game.create([setup])[0]
    first = created.games[0]
    others = tuple((token, opponent) for token in first.seat_tokens[1:] if token)
    return Seat(first.seat_tokens[0], created.game_address, others)


def found(
    mesh: Mesh, wish: Wish, player: str, tell: Callable[[matchmaker.FindMatchResponse], None]
) -> Seat:
    """A seat that FindMatch gave; `tell` hears of each piece of news, with the ticket's id.

    Raises:
        DeadlineExceeded: nobody came.
        Cancelled: the ticket was withdrawn.
        AlreadyExists: the player waits already.
    """
    for news in _news(mesh, wish, player):
        tell(news)
        if news.HasField("matched"):
            return Seat(news.matched.seat_token, news.matched.game_address)
    raise InvalidArgument("the search ended without a match")


def _news(mesh: Mesh, wish: Wish, player: str) -> Iterator[matchmaker.FindMatchResponse]:
    return mesh.matchmaker.find_by(
        find_request(
            player,
            wish.game,
            settings=wish.size.settings(),
            rated=wish.rated,
            max_wait=wish.wait,
            bot_after=wish.bot_after,
            request_id=wish.request_id or uuid.uuid4().hex,
        )
    )
