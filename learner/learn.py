"""The composition root: from settings to a training run that has ended."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from learner.device.ranks import InStep, join, rank
from learner.device.ranks import size as ranks_in_all
from learner.loop.first_version import first_draft
from learner.loop.lease import Lease
from learner.loop.prefetch import Prefetcher, is_packed, make_table
from learner.loop.publisher import Publisher
from learner.ports import ExperienceSource, PolicySink
from learner.record import checkpoint, finished
from learner.record.destinations.tracking import Tracking
from learner.record.episodes import episode_figures
from learner.record.journal import Journal, run_id_of
from learner.record.lineage import Lineage
from learner.record.metrics import LearnerMetrics
from learner.record.provenance import code_version, config_of
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.policy.file.variants import check_kinds
from mazemesh.starting import loading_kernels

if TYPE_CHECKING:
    from learner.bases.learner import Learner
    from learner.device.place import Place
    from learner.device.ranks import Ranks
    from learner.loop.exploiter import Exploiter, Records
    from learner.network.architecture import Parameters

log = structlog.get_logger("learner")

CLOSE_SECONDS = 3.0


def learn(
    settings: LearnerSettings,
    source: ExperienceSource,
    sink: PolicySink,
    registry: CollectorRegistry,
    stop: threading.Event,
    records: Records | None = None,
) -> None:
    """Runs a training run until `stop` is set or its steps are done, then leaves a checkpoint.

    Order matters at the start. What can be refused is looked at first: a run that is refused has
    written nothing, into its folder, Replay or Model. Version 1 needs no torch, so that actors can
    begin: torch is loaded while Replay and Model come up, except where it is needed to refuse.

    Args:
        settings: Of the run.
        source: Replay.
        sink: Model.
        registry: Of its metrics.
        stop: Ends it.
        records: Matchmaker; of an exploiter alone.

    Raises:
        MazemeshError: the run cannot be trained as it is set; the message says why.
        StartError: another learner works in the folder, or holds the policy's name.
        Conflict: another learner has taken the name over.
    """
    run = Run.of(settings)
    if (run.exploits or run.exploits_pool) and ranks_in_all() > 1:
        raise InvalidArgument("exploits: an exploiter is one process; start it without torchrun")
    if rank():
        _follow(settings, run, source, stop)
        return
    held = settings.folder, stop
    with Lease(sink, run.policy, *held, take_over=settings.take_over) as lease:
        _lead(settings, run, source, sink, registry, stop, records, lease)


def _lead(
    settings: LearnerSettings,
    run: Run,
    source: ExperienceSource,
    sink: PolicySink,
    registry: CollectorRegistry,
    stop: threading.Event,
    records: Records | None,
    lease: Lease,
) -> None:
    """Rank 0, or the only process."""
    log.info("starting", policy=run.policy, game=run.game, algorithm=run.algorithm)
    log.debug("sizes", row_bytes=run.signature.row_bytes, batch_rows=run.batch_rows)
    metrics = LearnerMetrics(registry)
    parameters = run.source.initial(run.seed)
    _check_place(settings, run)
    copies = _copies(settings)
    resumed = _resume(settings, run, parameters)
    first = first_draft(run, parameters) if resumed is None else None
    threading.Thread(target=_load_torch, name="load torch", daemon=True).start()
    run_id = run_id_of(settings.folder, resuming=resumed is not None)
    if not (lease.take(run_id) and make_table(source, run.table, stop)):
        return
    if run.packed and not is_packed(source, run.table.name, stop):
        run = replace(run, packed=False)
        first = first_draft(run, parameters) if first is not None else None
    finished.begin(settings.folder)
    journal = Journal(settings.folder, run, run_id)
    metadata = {"torch": importlib.metadata.version("torch")}
    lineage = Lineage(settings.folder)
    publisher = Publisher(
        *(sink, run, run_id, stop),
        metadata=metadata,
        config=config_of(run),
        code_version=settings.code_version or code_version(),
        lineage=lineage,
        lease=lease,
        variants=check_kinds(filter(None, settings.variants.split(","))),
    )
    if first is not None:
        publisher.insist(first)
    told = settings.tracking, settings.data_dir, settings.folder, settings.model_address
    with Tracking(*told) as tracking:
        about = settings, run, source, publisher, journal, metrics, stop, records
        with copies(run_id):
            ended = _train(*about, begin=lambda: resumed or _begin(settings, run, parameters))
        if ended:
            tracking.finish()
    journal.close()
    lease.check()
    publisher.check()
    if ended:
        finished.finish(settings.folder)


def _copies(settings: LearnerSettings) -> Callable[[str], AbstractContextManager[None]]:
    """What copies checkpoints of a run, after the newest came from the blob store if need be."""
    if not settings.blobs_url:
        return lambda run_id: nullcontext()
    from learner.record.checkpoint_copies import copies_of, copying

    copies = copies_of(settings)
    if copies is not None:
        copies.restore()
    return lambda run_id: copying(copies, run_id, settings.copy_seconds)


@dataclass(frozen=True)
class _Beginning:
    """What a process trains with, and where it goes on from; `found` is None in a new run."""

    algorithm: Learner
    place: Place
    ranks: Ranks
    found: checkpoint.Checkpoint | None


def _check_place(settings: LearnerSettings, run: Run) -> None:
    """Raises FailedPrecondition: what was asked for needs a GPU, and there is none."""
    if settings.device == "cuda" or settings.fuse:
        from learner.loop.building import check_place

        check_place(run, settings.device, fuse=settings.fuse)


def _resume(settings: LearnerSettings, run: Run, parameters: Parameters) -> _Beginning | None:
    """The run as its checkpoint left it; None where there is none."""
    if not checkpoint.find(settings.folder):
        return None
    import torch

    found = checkpoint.load(settings.folder, run, torch.device("cpu"))
    return None if found is None else _begin(settings, run, parameters, found)


def _begin(
    settings: LearnerSettings,
    run: Run,
    parameters: Parameters,
    found: checkpoint.Checkpoint | None = None,
) -> _Beginning:
    """Meets the other ranks, and makes the algorithm as rank 0 has `found` it."""
    ranks = join()
    algorithm, place = _build(settings, run, parameters, ranks)
    found = ranks.from_first(found)
    if found is not None:
        algorithm.restore(found.algorithm)
    return _Beginning(algorithm, place, ranks, found)


def _load_torch() -> None:
    with loading_kernels():
        import learner.loop.building
        import learner.loop.trainer  # noqa: F401


def _train(
    settings: LearnerSettings,
    run: Run,
    source: ExperienceSource,
    publisher: Publisher,
    journal: Journal,
    metrics: LearnerMetrics,
    stop: threading.Event,
    records: Records | None,
    *,
    begin: Callable[[], _Beginning],
) -> bool:
    """Whether the run came to its end, and was not stopped before."""
    from learner.loop.trainer import Trainer  # loaded by now, or waits for it

    prefetcher = Prefetcher(source, run.table, run.signature, run.batch_rows, stop)
    prefetcher.start()  # experience comes in while torch loads
    start = begin()
    prefetcher.send = start.place.send
    batches = InStep(prefetcher, start.ranks, stop)
    exploiter = _exploiter(settings, run, records, stop)
    episodes = episode_figures(run, source)
    about = run, start.algorithm, batches, publisher, journal, metrics, settings, stop
    trainer = Trainer(*about, episodes, exploiter)
    if start.found is not None:
        trainer.resume(start.found)
        if run.lockstep or run.batches_ahead:
            # An actor may wait for the version that the killed learner did not publish.
            trainer.publish_again()
    publisher.start()
    log.info("training", device=str(start.place.device), agent_steps=trainer.agent_steps)
    try:
        trainer.train()
        ended = not stop.is_set()
        if ended:
            trainer.publish(snapshot=True)
        publisher.close(CLOSE_SECONDS)
        trainer.checkpoint()
        return ended
    finally:
        stop.set()
        prefetcher.close(CLOSE_SECONDS)


def _build(
    settings: LearnerSettings, run: Run, parameters: Parameters, ranks: Ranks
) -> tuple[Learner, Place]:
    """The algorithm as the settings want it, and where it computes."""
    from learner.loop.building import build

    told = settings.device, settings.threads, ranks, settings.precision
    with loading_kernels():
        return build(run, parameters, *told, fuse=settings.fuse)


def _exploiter(
    settings: LearnerSettings, run: Run, records: Records | None, stop: threading.Event
) -> Exploiter | None:
    """What lets an exploiter begin anew; None for other runs."""
    from learner.loop.exploiter import ExploitedRecord, Exploiter
    from learner.network.gradients.descent import ALONE

    if not (run.exploits or run.exploits_pool) or records is None:
        return None

    def begin(life: int) -> Learner:
        other = replace(run, seed=run.seed + life)
        parameters = run.source.initial(other.seed)
        return _build(settings, other, parameters, ALONE)[0]

    exploited = () if run.exploits else run.pool
    record = ExploitedRecord(records, run.policy, run.exploits, stop, pool=exploited)
    record.start()
    win_rate, steps = settings.exploit_win_rate, settings.exploit_steps
    return Exploiter(record, begin, win_rate=win_rate, steps=steps)


def _follow(
    settings: LearnerSettings, run: Run, source: ExperienceSource, stop: threading.Event
) -> None:
    """A rank other than 0: draws and learns, from the checkpoint that rank 0 found."""
    from learner.loop.trainer import follow

    if not make_table(source, run.table, stop):
        return
    if run.packed and not is_packed(source, run.table.name, stop):
        run = replace(run, packed=False)
    prefetcher = Prefetcher(source, run.table, run.signature, run.batch_rows, stop)
    prefetcher.start()
    start = _begin(settings, run, run.source.initial(run.seed))
    prefetcher.send = start.place.send
    try:
        follow(start.algorithm, InStep(prefetcher, start.ranks, stop), stop)
    finally:
        stop.set()
        prefetcher.close(CLOSE_SECONDS)
