"""The peers over the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mazemesh.errors import NotFound
from mazemesh.v1 import elo_pb2, game_pb2
from services._harness.peers.connecting import elo_peer, game_peer, model_peer
from services._harness.peers.game_specs import RemoteSpecs, SpecPeer
from services.matchmaker.experiments.served import Assigned
from services.matchmaker.gates.run import Finding
from services.matchmaker.peers import (
    AliasAt,
    EloPeer,
    GamePeer,
    ModelPeer,
    News,
    Published,
    Question,
    Resolved,
    SeatPeer,
)
from services.matchmaker.rating.players import Rating
from services.matchmaker.setup import CreatedMatch, MatchSetup, Vacancy
from services.matchmaker.wire.gates import finding, question_message
from services.matchmaker.wire.matches import created_match, mean_scores, setup_message, vacancy
from services.matchmaker.wire.policies import news, published, resolved
from services.matchmaker.wire.results import outcome_of, told
from services.matchmaker.workers.events import Reported

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient
    from mazemesh.client.game.game import GameClient

_PAGE_SIZE = 1000
_MOVER = "matchmaker"


class RemoteGame:
    """`GamePeer` and `SpecPeer`, each by a `GameClient` of its own."""

    def __init__(self, address: str, public: Mapping[str, str] | None = None) -> None:
        """`public` has other addresses at which players reach the instances."""
        self._public = public or {}
        self._game = game_peer(address)
        self._specs = RemoteSpecs(address)

    async def create(self, setups: Sequence[MatchSetup]) -> list[CreatedMatch]:
        """See `GamePeer`."""
        messages = [setup_message(setup) for setup in setups]
        created = await self._game.call(lambda client: client.create(messages))
        for match in created:
            match.game_address = self._public.get(match.game_address, match.game_address)
        return [created_match(one) for one in created]

    async def verify(self, match_id: str, result: Reported) -> str:
        """See `GamePeer`."""
        return await self._game.call(lambda client: _verify(client, match_id, result))

    async def vacant(self, seconds: float, most: int) -> list[Vacancy]:
        """See `SeatPeer`."""
        found = await self._game.call(lambda client: client.vacant_seats(seconds, most))
        return [
            vacancy(seat, seat.game_address or self._public.get(instance, instance), instance)
            for seat, instance in found
        ]

    async def replace(self, vacancy: Vacancy, player: str) -> str:
        """See `SeatPeer`."""
        where, name = vacancy.instance, vacancy.participants[vacancy.seat]
        return await self._game.call(
            lambda client: client.at(where).replace_player(
                vacancy.game_id, vacancy.seat, name, player
            )
        )

    async def spec(
        self, request: game_pb2.GetGameSpecRequest, wait: float
    ) -> game_pb2.GetGameSpecResponse:
        """See `SpecPeer`."""
        return await self._specs.spec(request, wait)

    async def close(self) -> None:
        """Closes the channels."""
        await self._specs.close()
        await self._game.close()


class RemoteElo:
    """`EloPeer` by an `EloClient`."""

    def __init__(self, address: str) -> None:
        self._elo = elo_peer(address)

    async def ratings(self, ladder: str) -> dict[str, Rating]:
        """See `EloPeer`."""
        return await self._elo.call(lambda client: _all(client, ladder))

    async def rating(self, ladder: str, player: str) -> Rating | None:
        """See `EloPeer`."""
        try:
            return _rating(await self._elo.call(lambda client: client.rating(ladder, player)))
        except NotFound:
            return None

    async def results(self, match_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """See `EloPeer`."""
        found = await self._elo.call(lambda client: client.results(match_ids))
        return {one.match_id: mean_scores(one) for one in found}

    async def evaluate(self, question: Question) -> Finding:
        """See `EloPeer`."""
        request = question_message(question)
        return finding(await self._elo.call(lambda client: client.evaluate_gate(request)))

    async def reported(self, match_ids: Sequence[str]) -> dict[str, Reported]:
        """See `EloPeer`."""
        found = await self._elo.call(lambda client: client.results(match_ids))
        return {one.match_id: told(one) for one in found}

    async def retract(self, match_ids: Sequence[str]) -> set[str]:
        """See `EloPeer`."""
        return set(await self._elo.call(lambda client: client.retract(match_ids)))

    async def close(self) -> None:
        """Closes the channel."""
        await self._elo.close()


class RemoteModel:
    """`ModelPeer` by a `ModelClient`."""

    def __init__(self, address: str) -> None:
        self._model = model_peer(address)

    async def snapshots(self) -> list[Published]:
        """See `ModelPeer`."""
        found = await self._model.call(lambda client: list(client.list(snapshots_only=True)))
        return [published(one) for one in found]

    async def resolve(self, reference: str) -> Resolved:
        """See `ModelPeer`."""
        return resolved(await self._model.call(lambda client: client.describe(reference)))

    async def alias(self, name: str, alias: str) -> AliasAt | None:
        """See `ModelPeer`."""
        found = await self._model.call(lambda client: client.alias(name, alias))
        return None if found is None else AliasAt(found.alias.version, found.alias.revision)

    async def move(
        self,
        name: str,
        alias: str,
        version: int,
        expected_revision: int,
        *,
        previous: str,
        reason: str,
        gate_id: str,
    ) -> None:
        """See `ModelPeer`."""
        await self._model.call(
            lambda client: client.set_alias(
                name,
                alias,
                version,
                expected_revision,
                reason=reason,
                mover=_MOVER,
                gate_id=gate_id,
                previous_alias=previous,
            )
        )

    async def assign(self, policy: str, session: str) -> Assigned:
        """See `ModelPeer`."""
        found = await self._model.call(lambda client: client.assign(policy, session))
        return Assigned(f"{found.name}:{found.version}", found.experiment_id)

    async def record(self, experiment_id: str, scores: Mapping[str, float]) -> int:
        """See `ModelPeer`."""
        return await self._model.call(lambda client: client.record_outcomes(experiment_id, scores))

    async def hold(self, policies: Sequence[str], reason: str, seconds: float) -> None:
        """See `ModelPeer`."""
        await self._model.call(
            lambda client: client.hold_versions(_MOVER, policies, seconds, reason=reason)
        )

    async def watch(self) -> AsyncIterator[News]:
        """See `ModelPeer`."""
        stream = await self._model.call(lambda client: client.watch())
        # A thread waits in next(); closing the channel is what ends it when the service stops.
        while (event := await self._model.call(lambda _: next(stream, None))) is not None:
            yield news(event)

    async def close(self) -> None:
        """Closes the channel, which ends a watch."""
        await self._model.close()


def _verify(client: GameClient, match_id: str, result: Reported) -> str:
    for info in client.list_replays(match_id=match_id):
        difference = client.verify_replay(info.game_id)
        if difference:
            return f"game {info.game_id}: {difference}"
        shown = outcome_of(info, result.participants[0])
        known = result.outcomes.get(info.game_id)
        if None not in (shown, known) and shown != known:
            return (
                f"game {info.game_id}: {_words(shown)} by its recording, told was {_words(known)}"
            )
    return ""


def _words(outcome: int | None) -> str:
    return "won" if outcome == 1 else "lost" if outcome == -1 else "level"


def _all(client: EloClient, ladder: str) -> dict[str, Rating]:
    found: dict[str, Rating] = {}
    token = ""
    while True:
        page = client.leaderboard(ladder, page_size=_PAGE_SIZE, page_token=token)
        found.update((player.player, _rating(player)) for player in page.players)
        token = page.next_page_token
        if not token:
            return found


def _rating(player: elo_pb2.PlayerRating) -> Rating:
    return Rating(player.rating, player.low, player.high, player.matches)


class Game(GamePeer, SeatPeer, SpecPeer, Protocol):
    """The Game service: it creates matches, tells of games, and gives seats away."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The services that the Matchmaker calls."""

    game: Game
    elo: EloPeer
    model: ModelPeer
