"""Composes inference: processes, what is loaded, names in use, sessions."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import Final

from mazemesh.errors import FailedPrecondition, OutOfRange
from mazemesh.names import parse_reference
from services._harness import Server
from services._harness.broadcast import Broadcast
from services.model.drift.metrics import DriftCollector
from services.model.drift.reference import Reference
from services.model.drift.watching import Measure, Watching
from services.model.inference import metrics
from services.model.inference.batching import Queue
from services.model.inference.inference import Inference, Limits
from services.model.inference.models import Models
from services.model.inference.pointers import FORM, Pointers
from services.model.inference.providers import providers
from services.model.inference.runner.process import Means, Process
from services.model.inference.sessions import Remembering, SessionStore
from services.model.registry import registry
from services.model.registry.feed import Feed
from services.model.registry.policy import Version
from services.model.settings import MEBIBYTE, ModelSettings
from services.model.store import RegistryStore, Transaction
from services.model.stores.memory_sessions import MemorySessions
from services.model.weights import AT_ONCE_BYTES, Weights

BAN_SECONDS: Final = 300.0

_BESIDE_BYTES: Final = 512 * MEBIBYTE
"""What a process may take to run batches, beside twice what is loaded."""

_AT_ONCE: Final = 256


def open_inference(
    settings: ModelSettings, server: Server, store: RegistryStore, weights: Weights
) -> Inference:
    """Inference as the settings say; its processes start at the first call."""
    if settings.inference_processor in ("cuda", "tensorrt"):
        import onnxruntime as ort  # a fifth of a second, which a laptop need not pay

        providers(settings.inference_processor, ort.get_available_providers())
    loop = asyncio.get_running_loop()
    means = Means(
        threads=settings.inference_threads,
        processor=settings.inference_processor,
        memory_bytes=2 * settings.inference_memory_bytes + _BESIDE_BYTES,
        run_seconds=settings.inference_run_seconds,
    )
    processes = [Process(means) for _ in range(settings.inference_processes)]

    async def resolve(policy: str) -> Version:
        name, _, kind = policy.partition(FORM)
        reference = parse_reference(name)
        version = await store.transact(lambda tx: registry.resolve_file(tx, reference))
        return version.served_as(kind) if kind else version

    models = Models(
        processes,
        partial(_checked_file, weights),
        most_bytes=settings.inference_memory_bytes,
        new_queue=lambda: Queue(
            settings.inference_batch_rows, settings.inference_batch_wait_ms / 1000
        ),
        ban_seconds=BAN_SECONDS,
        clock=loop.time,
    )
    told = metrics.BatchMetrics(server.registry)
    limits = Limits(settings.inference_calls, settings.inference_call_bytes)
    sessions = Remembering(_sessions(settings, server, loop))
    pointers = Pointers(resolve, models.load, loop.time)
    watching = Watching(partial(_measure, store), settings.drift_window_seconds, loop.time)
    inference = Inference(models, pointers, sessions, limits, loop.time, told, watching)
    server.registry.register(metrics.InferenceCollector(inference, processes))
    server.registry.register(DriftCollector(watching))
    server.on_stop(watching.close)
    for process in processes:
        server.on_stop(process.close)
    server.on_stop(inference.close)
    return inference


def open_aside(
    settings: ModelSettings, server: Server, store: RegistryStore, weights: Weights
) -> Inference:
    """Inference for what nobody waits for: one process, which yields to all others.

    It starts at the first call; its batches are not among the figures of those that are waited for.
    """
    loop = asyncio.get_running_loop()
    process = Process(
        Means(
            threads=1,
            processor=settings.inference_processor,
            memory_bytes=2 * settings.inference_memory_bytes + _BESIDE_BYTES,
            run_seconds=settings.inference_run_seconds,
            yields=True,
        )
    )

    async def resolve(policy: str) -> Version:
        reference = parse_reference(policy)
        return await store.transact(lambda tx: registry.resolve_file(tx, reference))

    models = Models(
        [process],
        partial(_checked_file, weights),
        most_bytes=settings.inference_memory_bytes,
        new_queue=lambda: Queue(settings.inference_batch_rows, 0.0),
        ban_seconds=BAN_SECONDS,
        clock=loop.time,
    )
    sessions = Remembering(MemorySessions(1, 1, 1.0, loop.time))
    limits = Limits(settings.inference_calls, settings.inference_call_bytes)
    pointers = Pointers(resolve, models.load, loop.time)
    inference = Inference(models, pointers, sessions, limits, loop.time, lambda _: None)
    server.on_stop(process.close)
    server.on_stop(inference.close)
    return inference


def _sessions(
    settings: ModelSettings, server: Server, loop: asyncio.AbstractEventLoop
) -> SessionStore:
    most, size, seconds = (
        settings.max_sessions,
        settings.max_session_bytes,
        settings.session_seconds,
    )
    if server.redis is None:
        return MemorySessions(most, size, seconds, loop.time)
    from services.model.stores.redis_sessions import RedisSessions

    return RedisSessions(server.redis, most, size, seconds)


async def _measure(store: RegistryStore, version: Version) -> Measure | None:
    """What a version's drift is measured by: its validation, or that of a snapshot before it."""
    found = await store.transact(lambda tx: tx.references.nearest(version.name, version.number))
    if found is None:
        return None
    number, content = found
    return Measure(f"{version.name}:{number}", Reference.from_bytes(content))


async def _checked_file(weights: Weights, version: Version) -> bytes:
    """The file of a version as it was published.

    Raises:
        NotFound: it was deleted meanwhile.
        FailedPrecondition: what is stored is something else.
    """
    file = await weights.file(version)
    if len(file) <= AT_ONCE_BYTES:
        found = hashlib.sha256(file).hexdigest()
    else:
        found = await asyncio.to_thread(lambda: hashlib.sha256(file).hexdigest())
    if found != version.sha256:
        raise FailedPrecondition(
            f"the stored file of {version.reference} is damaged: it hashes to {found}, and "
            f"{version.sha256} was published. Publish it again, or restore it from a backup"
        )
    return file


async def follow(
    inference: Inference, changed: Broadcast, feed: Feed, store: RegistryStore
) -> None:
    """Tells inference of changes; returns when the service stops."""
    seen = await store.transact(lambda tx: tx.revision())
    inference.pointers.forget_all()
    while not changed.closed:
        ticket = changed.ticket()
        news = feed.after(seen, "")
        is_all = news is not None
        try:
            if news is None:
                news = await store.transact(partial(_changes, seen))
                is_all = len(news.events) < _AT_ONCE
        except OutOfRange:
            seen = await store.transact(lambda tx: tx.revision())
            inference.pointers.forget_all()
            continue
        inference.take(news.events)
        seen = news.through
        if is_all:
            await ticket.wait()


def _changes(since: int, tx: Transaction) -> registry.Changes:
    return registry.changes(tx, since, "", _AT_ONCE)
