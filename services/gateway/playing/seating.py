"""How a person gets a seat: in a game that is made at once, or through FindMatch."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from mazemesh.client.matchmaker import find_request
from mazemesh.errors import FailedPrecondition, within
from mazemesh.v1 import game_pb2 as game
from mazemesh.v1 import matchmaker_pb2 as matchmaker
from mazemesh.v1 import model_pb2 as model
from services.gateway.playing.wish import Wish
from services.gateway.rpcs import Rpcs

_SEEDS: Final = 2**62
_SPEC_SECONDS: Final = 65.0


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of a game.

    Attributes:
        token: Its secret.
        game_address: Of the instance of Game that has the game; empty: any.
        others: Seats of the same game that a policy is to play: (token, policy).
    """

    token: str
    game_address: str
    others: tuple[tuple[str, str], ...] = ()


async def opponent_of(rpcs: Rpcs, key: str, wish: Wish) -> str:
    """The opponent as matches name it: an alias is its version, which is loaded now.

    Raises:
        NotFound: there is no such policy.
        PermissionDenied: the key asks no policies.
    """
    if not wish.opponent or wish.opponent.startswith("bot/"):
        return wish.opponent
    request = model.GetPolicySignatureRequest(policy=wish.opponent)
    with within("opponent"):
        told = await rpcs.ask(rpcs.model.GetPolicySignature, request, key)
    return f"{told.name}:{told.version}"


async def spec_of(rpcs: Rpcs, key: str, wish: Wish) -> game.GameSpec:
    """What is to be played.

    Raises:
        InvalidArgument: there is no such game, or the settings do not fit it.
        FailedPrecondition: the game has no maze, so a board cannot show it.
    """
    request = game.GetGameSpecRequest(game=wish.game, settings=wish.size.settings())
    spec = (await rpcs.ask(rpcs.game.GetGameSpec, request, key, _SPEC_SECONDS)).spec
    if not spec.layout:
        raise FailedPrecondition(f"game: {wish.game} has no maze, so it is not played in a browser")
    return spec


async def make(
    rpcs: Rpcs, key: str, wish: Wish, spec: game.GameSpec, player: str, opponent: str
) -> Seat:
    """A seat of a game that is made at once, with the opponent in all others.

    Raises:
        InvalidArgument: the opponent does not play it.
        PermissionDenied: the key makes no games: FindMatch is for it.
    """
    setup = game.MatchSetup(
        match_id=f"play-{uuid.uuid4().hex}",
        game=wish.game,
        settings=wish.size.settings(),
        seed=random.SystemRandom().randrange(_SEEDS),
        participants=[player] + [opponent] * (spec.seats - 1),
        rotations=1,
    )
    created = await rpcs.ask(rpcs.game.CreateGames, game.CreateGamesRequest(matches=[setup]), key)
    match = created.matches[0]
    tokens = match.games[0].seat_tokens
    others = tuple((token, opponent) for token in tokens[1:] if token)
    return Seat(tokens[0], match.game_address, others)


def look_for(
    rpcs: Rpcs, key: str, wish: Wish, player: str
) -> AsyncIterator[matchmaker.FindMatchResponse]:
    """News of a player's search; the last one is `matched`.

    Raises:
        DeadlineExceeded: nobody came.
        Cancelled: the ticket was withdrawn.
        AlreadyExists: the player waits already.
    """
    request = find_request(
        player,
        wish.game,
        rated=wish.rated,
        max_wait=wish.wait,
        bot_after=wish.bot_after,
        request_id=wish.request_id or uuid.uuid4().hex,
    )
    request.settings.CopyFrom(wish.size.settings())
    return rpcs.follow(rpcs.matchmaker.FindMatch, request, key)
