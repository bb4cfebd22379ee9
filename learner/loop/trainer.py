"""The training loop: batch in, gradient steps, and what is due now and then."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, replace

import structlog

from learner.bases.learner import Learner
from learner.device.gpu import gpu_statistics
from learner.device.ranks import InStep
from learner.device.ranks import size as ranks
from learner.loop.examples import examples
from learner.loop.exploiter import Exploiter, Life
from learner.loop.first_version import first_draft
from learner.loop.pace import ByBatch, Freely, Pace
from learner.loop.publisher import Draft, Publisher, parity_check
from learner.ports import Batch, Columns
from learner.record.checkpoint import Checkpoint, save
from learner.record.episodes import EpisodeFigures
from learner.record.journal import Journal
from learner.record.metrics import LearnerMetrics
from learner.run import Run
from learner.settings import LearnerSettings

log = structlog.get_logger("learner")

PARITY_ROWS = 256
"""Of a snapshot. The versions between them act for a moment."""

FLEETING_PARITY_ROWS = 32
WAIT_SECONDS = 0.2


class Trainer:
    """Trains until it is stopped or has seen all its steps.

    Attributes:
        agent_steps: Steps of experience learned from, over all processes of the run.
        samples: Rows learned from.
    """

    def __init__(
        self,
        run: Run,
        algorithm: Learner,
        batches: InStep,
        publisher: Publisher,
        journal: Journal,
        metrics: LearnerMetrics,
        settings: LearnerSettings,
        stop: threading.Event,
        episodes: EpisodeFigures,
        exploiter: Exploiter | None = None,
    ) -> None:
        self._run, self._algorithm = run, algorithm
        self._exploiter = exploiter
        self._batches, self._publisher = batches, publisher
        self._journal, self._metrics = journal, metrics
        self._settings, self._stop = settings, stop
        self.agent_steps = 0
        self.samples = 0
        self._recent: Columns | None = None
        self._offered = (algorithm.updates, False)
        self._episodes = episodes

    def resume(self, checkpoint: Checkpoint) -> None:
        """Takes over the counters; the algorithm has been restored."""
        if self._exploiter is not None:
            self._exploiter.life = Life(**checkpoint.life)
        self._offered = (self._algorithm.updates, False)
        self._publisher.version = checkpoint.version
        self.agent_steps, self.samples = checkpoint.agent_steps, checkpoint.samples
        self._metrics.agent_steps.inc(self.agent_steps)
        self._metrics.samples.inc(self.samples)

    def train(self) -> None:
        """Learns batch after batch. A stop lets the batch under way finish."""
        pace = self._pace(time.monotonic())
        self._episodes.take()  # those before this run
        while not self._stop.is_set() and not self._finished():
            learned = self._learn()
            due = pace.due(time.monotonic(), self.agent_steps, learned=learned)
            if due.publish:
                self.publish(snapshot=due.snapshot)
            if due.journal:
                self._write_journal()
            if due.checkpoint:
                self.checkpoint()
            if self._exploiter is not None and self._exploiter.is_over(self.agent_steps):
                self._begin_anew(self._exploiter)
        if self._journal.pending:
            self._write_journal()
        self._batches.leave()

    def _pace(self, now: float) -> Pace:
        if self._run.lockstep:
            return ByBatch(self._settings, now)
        return Freely(
            self._settings,
            now,
            self.agent_steps,
            lambda: self._publisher.seconds,
            each_batch=self._run.batches_ahead > 0,
        )

    def publish(self, *, snapshot: bool, fresh: bool = False) -> None:
        """Offers the present weights as a version, if they are new or now to be kept.

        In lockstep it is published when this returns. `fresh` weights grew from no other version.
        """
        updates, kept = self._offered
        known = updates == self._algorithm.updates and (kept or not snapshot)
        if self._recent is None or known:
            return
        self._offered = (self._algorithm.updates, snapshot)
        rows = PARITY_ROWS if snapshot else FLEETING_PARITY_ROWS
        shape = self._run.architecture
        observation, action_mask, state = examples(shape, self._recent, rows)
        answer = self._algorithm.network.answer(observation, action_mask, state)
        send = self._publisher.insist if self._run.lockstep else self._publisher.offer
        send(
            Draft(
                parameters=self._algorithm.network.parameters_as_arrays(),
                parity=parity_check(observation, action_mask, answer, state, shape),
                training_step=self._algorithm.updates,
                agent_steps=self.agent_steps,
                snapshot=snapshot,
                fresh=fresh,
            )
        )

    def publish_again(self) -> None:
        """Publishes the weights that were resumed with, though they may be known."""
        draft = first_draft(self._run, self._algorithm.network.parameters_as_arrays())
        self._publisher.insist(
            replace(
                draft,
                training_step=self._algorithm.updates,
                agent_steps=self.agent_steps,
                snapshot=False,
            )
        )

    def checkpoint(self) -> None:
        """Writes a checkpoint."""
        save(
            self._settings.folder,
            Checkpoint(
                version=self._publisher.version,
                agent_steps=self.agent_steps,
                samples=self.samples,
                identity=self._run.identity,
                algorithm=self._algorithm.state(),
                life={} if self._exploiter is None else asdict(self._exploiter.life),
            ),
        )

    def _begin_anew(self, exploiter: Exploiter) -> None:
        """Keeps the present weights as a snapshot and goes on with fresh ones."""
        self.publish(snapshot=True)
        self._algorithm = exploiter.begin_anew(self.agent_steps)
        self._episodes.take()  # those of the weights before
        self._offered = (-1, False)
        self.publish(snapshot=False, fresh=True)
        self.checkpoint()

    def _finished(self) -> bool:
        return 0 < self._settings.steps <= self.agent_steps

    def _learn(self) -> bool:
        """One batch, if there is one soon; whether there was."""
        start = time.perf_counter()
        batch = self._batches.next(WAIT_SECONDS)
        begin = time.perf_counter()
        self._metrics.waiting.observe(begin - start)
        if batch is None:
            return False
        update = self._algorithm.update(batch)
        if update.priorities is not None:
            self._batches.update_priorities((batch.keys, update.priorities))
        self._metrics.gradient.observe(time.perf_counter() - begin)
        self._count(batch, update.statistics)
        return True

    def _count(self, batch: Batch, statistics: dict[str, float]) -> None:
        rows = len(batch.keys) * ranks()  # all learn from as many
        before = self.agent_steps
        self.samples += rows
        self.agent_steps = round(self.samples * self._run.steps_per_row)
        self._recent = batch.columns
        self._episodes.add(batch.columns)
        self._journal.add({**statistics, **self._lag(batch)})
        metrics = self._metrics
        metrics.samples.inc(rows)
        metrics.agent_steps.inc(self.agent_steps - before)
        metrics.updates.inc()
        metrics.training_step.set(self._algorithm.updates)
        metrics.version.set(self._publisher.version)
        for name, value in statistics.items():
            metrics.loss.labels(name.removesuffix("_loss")).set(value)

    def _lag(self, batch: Batch) -> dict[str, float]:
        """How old the acting policies were, in versions and in gradient steps."""
        known = batch.policy_versions[batch.policy_versions > 0]
        if not len(known):
            return {}
        versions = float(self._publisher.version - known.mean())
        oldest = int(known.min())
        step = self._publisher.training_steps.get(oldest, self._algorithm.updates)
        self._metrics.lag_versions.set(versions)
        self._metrics.lag_steps.set(self._algorithm.updates - step)
        return {"lag_versions": versions, "lag_steps": float(self._algorithm.updates - step)}

    def _write_journal(self) -> None:
        episodes = self._episodes.take()
        self._journal.add(episodes)
        for name, mean in episodes.items():
            self._metrics.episodes.labels(name).set(mean)
        self._journal.add(gpu_statistics(next(self._algorithm.network.parameters()).device))
        line = self._journal.write(
            {
                "agent_steps": self.agent_steps,
                "samples": self.samples,
                "training_step": self._algorithm.updates,
                "version": self._publisher.version,
            }
        )
        log.debug("progress", **line)


def follow(algorithm: Learner, batches: InStep, stop: threading.Event) -> None:
    """Learns beside rank 0, which does all the rest, until one of the ranks stops."""
    while not stop.is_set():
        batch = batches.next(WAIT_SECONDS)
        if batch is None:
            continue
        update = algorithm.update(batch)
        if update.priorities is not None:
            batches.update_priorities((batch.keys, update.priorities))
    batches.leave()
