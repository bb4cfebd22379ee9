"""The snapshots that exist, kept fresh by watching the Model service."""

from __future__ import annotations

import asyncio

import structlog

from mazemesh.errors import InvalidArgument, MazemeshError
from mazemesh.v1 import model_pb2
from mazemesh.wire import settings_from_proto
from services.matchmaker.known_games import is_known
from services.matchmaker.ladders import Ladder, Snapshot, ladders
from services.matchmaker.metrics import MatchmakerMetrics
from services.matchmaker.peers import ModelPeer

_log = structlog.get_logger(__name__)


class Roster:
    """Known snapshots; one that says no game, or a game that is unknown here, is left out.

    Args:
        games: Games that have a ladder even before a snapshot plays there.
        metrics: Where the number of snapshots is shown.
    """

    def __init__(self, games: tuple[str, ...], metrics: MatchmakerMetrics) -> None:
        self._games = games
        self._metrics = metrics
        self._snapshots: dict[tuple[str, int], Snapshot] = {}
        self._ladders: list[Ladder] | None = None

    def versions(self, name: str, game: str) -> list[int]:
        """Snapshot versions of a policy that were trained on the game."""
        return [
            snapshot.version
            for snapshot in self._snapshots.values()
            if snapshot.name == name and snapshot.game == game
        ]

    def ladders(self) -> list[Ladder]:
        """All ladders with their snapshots, by name."""
        if self._ladders is None:
            self._ladders = ladders(self._games, list(self._snapshots.values()))
        return self._ladders

    def replace(self, policies: list[model_pb2.PolicyVersion]) -> None:
        """Takes a whole list in place of what was known."""
        found = filter(None, map(_snapshot, policies))
        self._change({(one.name, one.version): one for one in found})

    def apply(self, policy: model_pb2.PolicyVersion) -> None:
        """Takes the news of one version."""
        key = policy.name, policy.version
        snapshot = _snapshot(policy)
        if snapshot is not None:
            self._change({**self._snapshots, key: snapshot})
        elif key in self._snapshots:
            self._change({other: one for other, one in self._snapshots.items() if other != key})

    def _change(self, snapshots: dict[tuple[str, int], Snapshot]) -> None:
        if snapshots != self._snapshots:
            self._snapshots = snapshots
            self._ladders = None
            self._metrics.snapshots.set(len(snapshots))


async def follow(model: ModelPeer, roster: Roster, retry_seconds: float) -> None:
    """Keeps the roster fresh without end; while Model is away the roster stays as it was.

    All snapshots are listed once the watch stands, so that nothing falls in between, and again at
    every heartbeat.
    """
    reachable = True
    while True:
        try:
            roster.replace(await _usable(await model.snapshots()))
            standing = False
            async for event in model.watch():
                if event.WhichOneof("event") == "policy":
                    for policy in await _usable([event.policy]):
                        roster.apply(policy)
                if not standing or event.WhichOneof("event") == "heartbeat":
                    roster.replace(await _usable(await model.snapshots()))
                standing = reachable = True
        except MazemeshError as error:
            if reachable:
                _log.warning("cannot follow the policies, trying again", reason=str(error))
            reachable = False
        await asyncio.sleep(retry_seconds)


async def _usable(policies: list[model_pb2.PolicyVersion]) -> list[model_pb2.PolicyVersion]:
    """Those whose game, if they name one, is known here."""
    games = {policy.collection.game for policy in policies} - {""}
    unknown = {game for game in games if not await is_known(game)}
    return [policy for policy in policies if policy.collection.game not in unknown]


def _snapshot(policy: model_pb2.PolicyVersion) -> Snapshot | None:
    if not policy.snapshot or policy.state != model_pb2.POLICY_STATE_READY:
        return None
    if not policy.collection.game:
        return None
    try:
        settings = settings_from_proto(policy.collection.settings)
    except InvalidArgument:
        return None
    return Snapshot(policy.name, policy.version, policy.collection.game, settings)
