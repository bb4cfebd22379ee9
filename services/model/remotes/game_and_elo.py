"""Game, where policies play before they are taken, and Elo, which tells how gates ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mazemesh.errors import DeadlineExceeded, NotFound, Unavailable
from mazemesh.games.seeds import Purpose, seed
from mazemesh.policy.heads import ACTION_DISTRIBUTION, ActionDistribution, distribution_of
from mazemesh.v1 import elo_pb2
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.specs import settings_from_proto, spec_from_proto
from services._harness.peers.connecting import elo_peer
from services.model.registry.policy import Submission
from services.model.registry.rules import Gate
from services.model.validation.smoke.match import controllers, own_seats

if TYPE_CHECKING:
    from mazemesh.client.elo import EloClient
    from mazemesh.client.game.game import GameClient, GamesSession

_SMOKE_SEED: Final = seed(Purpose.TRAINING, 1 << 60)
"""Of mazes that no run comes to."""

_GATE_SECONDS: Final = 10.0


class RemoteSmoke:
    """`SmokePeer` by a `GameClient`, which is made when it is first needed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: GameClient | None = None

    def open(self, submission: Submission, games: int) -> tuple[GamesSession, ActionDistribution]:
        """See `SmokePeer`."""
        from mazemesh.client.game.game import GameClient

        if self._client is None:
            self._client = GameClient(self._address, reconnect_seconds=0.0)
        collection = Collection.FromString(submission.collection)
        drawn = collection.action_distribution or submission.metadata.get(ACTION_DISTRIBUTION, "")
        settings = settings_from_proto(collection.settings)
        spec = spec_from_proto(self._client.spec(collection.game, settings).spec)
        roles = [tuple(role.seats) for role in collection.roles if role.policy == submission.name]
        own = roles[0] if roles else own_seats(spec)
        session = self._client.open_session(
            collection.game,
            settings,
            games,
            _SMOKE_SEED,
            controllers=controllers(spec, games, own),
        )
        return session, distribution_of(drawn, "metadata")

    async def close(self) -> None:
        """Closes the channel, which ends a game that is being played."""
        if self._client is not None:
            await asyncio.to_thread(self._client.close)


class RemoteGates:
    """`GatePeer` by an `EloClient`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._elo = elo_peer(address)

    async def gate(self, gate_id: str) -> Gate | None:
        """See `GatePeer`."""
        try:
            async with asyncio.timeout(_GATE_SECONDS):
                return _gate(await self._elo.call(lambda client: _first(client, gate_id)))
        except NotFound:
            return None
        except (TimeoutError, DeadlineExceeded, Unavailable) as error:
            raise Unavailable(
                f"Elo at {self._address} is to tell of gate {gate_id}, and is away; try again "
                f"({error})"
            ) from error

    async def close(self) -> None:
        """Closes the channel."""
        await self._elo.close()


def _first(client: EloClient, gate_id: str) -> elo_pb2.Gate:
    watch = client.watch_gate(gate_id)
    try:
        return next(iter(watch))
    finally:
        watch.close()  # type: ignore[attr-defined]


def _gate(told: elo_pb2.Gate) -> Gate:
    verdict = elo_pb2.GateVerdict.Name(told.verdict).removeprefix("GATE_VERDICT_").lower()
    return Gate(
        told.gate_id,
        told.candidate,
        told.baseline,
        told.verdict == elo_pb2.GATE_VERDICT_PASSED,
        verdict,
        told.hypotheses.elo0,
        told.hypotheses.alpha,
    )
