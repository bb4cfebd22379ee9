"""Composes the Model service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry

from mazemesh.errors import NotFound
from mazemesh.kserve.inference_pb2_grpc import add_GRPCInferenceServiceServicer_to_server
from mazemesh.names import LATEST, Reference
from mazemesh.policy.file.weights import Graph
from mazemesh.v1.model_pb2_grpc import add_ModelServiceServicer_to_server
from services._harness import Server
from services._harness.blobs.collection import Collection, keep_collecting
from services._harness.blobs.hashed import HashedBlobs
from services._harness.blobs.opening import open_blobs
from services._harness.blobs.threads import enough_threads
from services._harness.broadcast import Broadcast
from services._harness.own_folder import OwnFolder
from services._harness.peers.game_specs import GameSpecs, RemoteSpecs, SpecPeer
from services.model import metrics
from services.model.experiments.arms import ArmsInUse
from services.model.experiments.bind import Parts, open_experiments
from services.model.external.bind import External
from services.model.inference.bind import follow, open_inference
from services.model.inference.inference import Inference
from services.model.metered_servicer import MeteredServicer
from services.model.mirror.bind import open_mirror
from services.model.mirror.outbox import Mirrored
from services.model.registry import registry
from services.model.registry.feed import Feed
from services.model.registry.graphs import Graphs
from services.model.registry.keeping.in_use import VersionsInUse
from services.model.registry.policy import Event, Submission, Version
from services.model.registry.publisher import Publisher
from services.model.registry.rules import GatePeer
from services.model.registry.upload import Uploads
from services.model.remotes.game_and_elo import RemoteGates, RemoteSmoke
from services.model.settings import ModelSettings
from services.model.stores.sql.registry import SqlRegistry
from services.model.validation.report import Standards
from services.model.validation.smoke.smoke import Extent, Smoke, SmokePeer
from services.model.validation.validator import Limits, Validator
from services.model.validation.validators import Validators
from services.model.variants.making import VariantMaker
from services.model.weights import Weights
from services.model.wire.experiments.experiment_servicer import ExperimentMethods
from services.model.wire.external.external_servicer import ExternalMethods
from services.model.wire.inference.infer_servicer import InferMethods
from services.model.wire.inference.kserve_servicer import SERVICE, KserveServicer

_TOPIC = "policies"


class Servicer(ExternalMethods, InferMethods, ExperimentMethods, MeteredServicer):
    """All of ModelService."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        inference: Inference,
        external: External,
        experiments: Parts,
        **parts: Any,
    ) -> None:
        super().__init__(registry, **parts)
        self.inference, self.external = inference, external
        self.serving, self.steward = experiments


async def bind(settings: ModelSettings, server: Server) -> None:
    """Serves with the Game service that the settings name."""
    game = RemoteSpecs(settings.game_address)
    gates, smoke = RemoteGates(settings.elo_address), RemoteSmoke(settings.game_address)
    for remote in (game, gates, smoke):
        server.on_stop(remote.close)
    await bind_with(settings, server, game, gates, smoke)


async def bind_with(
    settings: ModelSettings,
    server: Server,
    game: SpecPeer,
    gates: GatePeer | None = None,
    smoke_games: SmokePeer | None = None,
) -> None:
    """Rows in the database, files among the blobs, unfinished ones in `data_dir/uploads`.

    Without `smoke_games` files play none before their versions are ready.
    """
    await server.database.migrate("services.model")
    mirrored: Mirrored = settings.mlflow_versions if settings.mlflow_registry_uri else "none"
    store = SqlRegistry(server.database, settings.keep_events, mirrored)
    enough_threads(settings)
    files = open_blobs(settings, "policies", "blobs")
    blobs = HashedBlobs(files)
    incoming = OwnFolder(settings.data_dir / "uploads")
    server.on_stop(partial(asyncio.to_thread, incoming.close))
    uploads = Uploads(
        incoming.path,
        most=settings.max_uploads,
        most_bytes=settings.max_upload_bytes,
    )
    changed, coming = Broadcast(), Broadcast()

    def tell() -> None:
        changed.notify()
        coming.notify()

    feed = Feed(
        lambda: store.transact(lambda tx: tx.revision()),
        lambda since, limit: store.transact(lambda tx: registry.changes(tx, since, "", limit)),
        tell,
    )
    notices = server.notices

    def news(events: Sequence[Event]) -> None:
        # Other instances have to look; this one knows already, unless one of those came between.
        if not feed.tell(events) or server.database.shared:
            notices.publish(_TOPIC)

    def now() -> datetime:
        return datetime.now(UTC)

    async def latest(name: str) -> Version | None:
        try:
            return await store.transact(
                lambda tx: registry.resolve_file(tx, Reference(name, 0, LATEST))
            )
        except NotFound:
            return None

    async def split(file: bytes) -> Graph | None:
        return await asyncio.to_thread(Graph.of, file)

    async def end_watches() -> None:
        changed.close()
        coming.close()

    limits = Limits(
        cpu_seconds=settings.validation_cpu_seconds,
        memory_bytes=settings.validation_memory_bytes,
        standards=Standards(
            settings.max_policy_bytes,
            settings.latency_budget_ms,
            settings.batch_latency_budget_ms,
        ),
    )
    validators = Validators(
        limits,
        processes=settings.validators,
        waiting=settings.waiting_validations,
        check=metrics.metered_check(Validator.check, server.registry),
    )
    weights = Weights(store, blobs, Graphs(latest, lambda version: weights.file(version), split))

    def prepared(submission: Submission, content: bytes) -> None:
        weights.prepared(submission, content)
        coming.notify()

    # What else of this service names versions is asked before one is retired.
    users: tuple[VersionsInUse, ...] = (ArmsInUse(),)
    smoke = None
    if smoke_games is not None:
        extent = Extent(
            settings.smoke_games,
            settings.smoke_moves,
            settings.smoke_seconds,
            settings.smoke_game_moves,
        )
        smoke = Smoke(store, validators, smoke_games, extent)
        server.on_drain(smoke.close)
        server.background(smoke.run, "play smoke matches")
    publisher = Publisher(
        store,
        blobs,
        Collection(files, settings.blobs_grace_hours * 3600, time.time),
        validators,
        keep=settings.keep_versions,
        lease_seconds=settings.lease_seconds,
        now=now,
        changed=news,
        graphs=weights.graphs,
        makes=VariantMaker(limits).make,
        prepared=prepared,
        users=users,
        smoke=smoke,
        file=weights.file,
    )
    inference = open_inference(settings, server, store, weights)
    experiments = open_experiments(
        settings, server, store, weights, inference, moved=lambda: news(()), now=now
    )
    servicer = Servicer(
        server.registry,
        inference=inference,
        experiments=experiments,
        external=External(settings, server, inference),
        store=store,
        blobs=blobs,
        uploads=uploads,
        weights=weights,
        publisher=publisher,
        changed=changed,
        coming=coming,
        feed=feed,
        news=news,
        games=GameSpecs(game),
        max_policy_bytes=settings.max_policy_bytes,
        heartbeat_seconds=settings.heartbeat_seconds,
        upload_seconds=settings.upload_seconds,
        downloads_per_second=settings.downloads_per_second,
        lease_seconds=settings.lease_seconds,
        now=now,
        gates=gates or RemoteGates(settings.elo_address),
        users=users,
    )
    collector = metrics.StateCollector(servicer, store)
    server.registry.register(collector)
    server.add_servicer("mazemesh.v1.ModelService", add_ModelServiceServicer_to_server, servicer)
    kserve = KserveServicer(inference, experiments.serving, settings.inference_batch_wait_ms / 1000)
    server.add_servicer(SERVICE, add_GRPCInferenceServiceServicer_to_server, kserve)
    server.on_drain(kserve.drain)
    server.on_drain(end_watches)
    server.background(partial(follow, inference, changed, feed, store), "follow names in use")
    server.on_stop(publisher.close)
    server.background(partial(keep_collecting, publisher.collect), "collect files")
    server.background(lambda: feed.run(notices.listen(_TOPIC)), "follow changes")
    server.background(lambda: collector.follow(changed), "count versions")
    mirror = open_mirror(settings, server, store, weights, now)
    server.background(partial(mirror.run, changed), "mirror the registry")
    # The first publish comes while a mesh starts, when everybody waits for it.
    server.background(validators.warm, "start a validator")
