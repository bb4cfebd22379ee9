"""The composition root: from settings to a training run that has ended."""

from __future__ import annotations

import importlib.metadata
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from learner import checkpoint
from learner.architecture import FloatArray, initial_parameters
from learner.first_version import first_draft
from learner.journal import Journal
from learner.lease import Lease
from learner.lineage import Lineage
from learner.metrics import LearnerMetrics
from learner.ports import ExperienceSource, PolicySink
from learner.prefetch import Prefetcher, make_table
from learner.publisher import Publisher
from learner.ranks import InStep, join, rank
from learner.ranks import size as ranks_in_all
from learner.run import Run
from learner.settings import LearnerSettings
from learner.tracking import Tracking
from mazemesh.errors import InvalidArgument
from mazemesh.starting import loading_kernels

if TYPE_CHECKING:
    from learner.algorithm import Algorithm
    from learner.architecture import Parameters
    from learner.exploiter import Exploiter, Records
    from learner.place import Place
    from learner.ranks import Ranks

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

    Order matters at the start: version 1 needs no torch, so that actors can begin. Torch is loaded
    while Replay and Model come up.

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
    if run.exploits and ranks_in_all() > 1:
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
    resuming = bool(checkpoint.find(settings.folder))
    log.info("starting", policy=run.policy, game=run.game, algorithm=run.algorithm)
    metrics = LearnerMetrics(registry)
    parameters = initial_parameters(run.architecture, run.seed)
    first = None if resuming else first_draft(run, parameters)
    threading.Thread(target=_load_torch, name="load torch", daemon=True).start()
    if not make_table(source, run.table, stop):
        return
    journal = Journal(settings.folder, run, resuming=resuming)
    metadata = {"torch": importlib.metadata.version("torch")}
    lineage = Lineage(settings.folder)
    if not lease.take(journal.run_id):
        return
    publisher = Publisher(
        sink, run, journal.run_id, stop, metadata=metadata, lineage=lineage, lease=lease
    )
    if first is not None:
        publisher.insist(first)
    told = settings.tracking, settings.data_dir, settings.folder, settings.model_address
    with Tracking(*told) as tracking:
        if _train(settings, run, parameters, source, publisher, journal, metrics, stop, records):
            tracking.finish()
    journal.close()
    lease.check()
    publisher.check()


def _load_torch() -> None:
    with loading_kernels():
        import learner.algorithms
        import learner.trainer  # noqa: F401


def _train(
    settings: LearnerSettings,
    run: Run,
    parameters: dict[str, FloatArray],
    source: ExperienceSource,
    publisher: Publisher,
    journal: Journal,
    metrics: LearnerMetrics,
    stop: threading.Event,
    records: Records | None,
) -> bool:
    """Whether the run came to its end, and was not stopped before."""
    from learner.trainer import Trainer  # loaded by now, or waits for it

    prefetcher = Prefetcher(source, run.table, run.signature, run.batch_rows, stop)
    prefetcher.start()  # experience comes in while torch loads
    ranks = join()
    algorithm, place = _build(settings, run, parameters, ranks)
    prefetcher.send = place.send
    batches = InStep(prefetcher, ranks, stop)
    exploiter = _exploiter(settings, run, records, stop)
    trainer = Trainer(
        run, algorithm, batches, publisher, journal, metrics, settings, stop, exploiter
    )
    found = ranks.from_first(checkpoint.load(settings.folder, run, place.device))
    if found is not None:
        trainer.resume(found)
        if run.lockstep:
            # An actor may wait for the version that the killed learner did not publish.
            trainer.publish_again()
    publisher.start()
    log.info("training", device=str(place.device), agent_steps=trainer.agent_steps)
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
) -> tuple[Algorithm, Place]:
    """The algorithm as the settings want it, and where it computes."""
    from learner.algorithms import build

    told = settings.device, settings.threads, ranks, settings.precision
    with loading_kernels():
        return build(run, parameters, *told, fuse=settings.fuse)


def _exploiter(
    settings: LearnerSettings, run: Run, records: Records | None, stop: threading.Event
) -> Exploiter | None:
    """What lets an exploiter begin anew; None for other runs."""
    from learner.descent import ALONE
    from learner.exploiter import Exploiter, TargetRecord

    if not run.exploits or records is None:
        return None

    def begin(life: int) -> Algorithm:
        other = replace(run, seed=run.seed + life)
        parameters = initial_parameters(run.architecture, other.seed)
        return _build(settings, other, parameters, ALONE)[0]

    record = TargetRecord(records, run.policy, run.exploits, stop)
    record.start()
    win_rate, steps = settings.exploit_win_rate, settings.exploit_steps
    return Exploiter(record, begin, win_rate=win_rate, steps=steps)


def _follow(
    settings: LearnerSettings, run: Run, source: ExperienceSource, stop: threading.Event
) -> None:
    """A rank other than 0: draws and learns, from the checkpoint that rank 0 found."""
    from learner.trainer import follow

    if not make_table(source, run.table, stop):
        return
    prefetcher = Prefetcher(source, run.table, run.signature, run.batch_rows, stop)
    prefetcher.start()
    ranks = join()
    parameters = initial_parameters(run.architecture, run.seed)
    algorithm, place = _build(settings, run, parameters, ranks)
    prefetcher.send = place.send
    found: checkpoint.Checkpoint | None = ranks.from_first(None)
    if found is not None:
        algorithm.restore(found.algorithm)
    try:
        follow(algorithm, InStep(prefetcher, ranks, stop), stop)
    finally:
        stop.set()
        prefetcher.close(CLOSE_SECONDS)
