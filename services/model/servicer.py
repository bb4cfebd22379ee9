"""The RPCs of model.proto, put together of parts (`services.model.wire`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mazemesh.v1.model_pb2_grpc import ModelServiceServicer
from services._harness.broadcast import Broadcast
from services._harness.peers.game_specs import GameSpecs
from services.model.blob_store import BlobStore
from services.model.registry.feed import Feed
from services.model.registry.keeping.in_use import VersionsInUse
from services.model.registry.policy import Event
from services.model.registry.publisher import Now, Publisher
from services.model.registry.rules import GatePeer
from services.model.registry.upload import Uploads
from services.model.store import RegistryStore
from services.model.weights import Weights
from services.model.wire.registry.name_servicer import NameMethods
from services.model.wire.registry.publish_servicer import PublishMethods
from services.model.wire.registry.registry_servicer import RegistryMethods
from services.model.wire.registry.version_servicer import VersionMethods
from services.model.wire.registry.watch_servicer import ToldMessages, WatchMethods


class ModelServicer(
    PublishMethods,
    VersionMethods,
    WatchMethods,
    NameMethods,
    RegistryMethods,
    ModelServiceServicer,
):
    """Validates, converts, calls the registry."""

    def __init__(
        self,
        *,
        store: RegistryStore,
        blobs: BlobStore,
        uploads: Uploads,
        weights: Weights,
        publisher: Publisher,
        changed: Broadcast,
        coming: Broadcast,
        feed: Feed,
        news: Callable[[Sequence[Event]], None],
        games: GameSpecs,
        max_policy_bytes: int,
        heartbeat_seconds: float,
        upload_seconds: float,
        downloads_per_second: float,
        lease_seconds: float,
        now: Now,
        gates: GatePeer,
        users: Sequence[VersionsInUse] = (),
    ) -> None:
        self._gates, self._users = gates, tuple(users)
        self._store = store
        self._blobs = blobs
        self._uploads = uploads
        self._weights = weights
        self._publisher = publisher
        self._changed, self._coming = changed, coming
        self._feed = feed
        self._news = news
        self._watching = 0
        self._told = ToldMessages()
        self._downloads_per_second = downloads_per_second
        self._games = games
        self._max_policy_bytes = max_policy_bytes
        self._heartbeat_seconds = heartbeat_seconds
        self._upload_seconds = upload_seconds
        self._lease_seconds = lease_seconds
        self._now = now
