"""What is told to Prometheus of jobs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.gateway.jobs.nouns.budget import Usage
from services.gateway.jobs.nouns.job import Job, State


class JobMetrics:
    """Counts jobs of this gateway by what `Queue` and `Keeper` tell it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge(
            "mazemesh_gateway_jobs",
            "Training jobs that have not ended, by state.",
            ["state"],
            registry=registry,
        )
        self._ended = Counter(
            "mazemesh_gateway_jobs_ended",
            "Training jobs that ended here, by how: finished, cancelled, budget, failed.",
            ["state"],
            registry=registry,
        )
        self._refused = Counter(
            "mazemesh_gateway_jobs_refused",
            "Training jobs that were not taken, since the queue or a key's part of it was full.",
            registry=registry,
        )
        self._cpu = Counter(
            "mazemesh_gateway_jobs_cpu_seconds",
            "Processor time that training jobs took.",
            registry=registry,
        )
        self._steps = Counter(
            "mazemesh_gateway_jobs_agent_steps",
            "Agent steps that training jobs learned from.",
            registry=registry,
        )
        self._dollars = Counter(
            "mazemesh_gateway_jobs_dollars",
            "Estimated costs of training jobs.",
            registry=registry,
        )
        self._restarts = Counter(
            "mazemesh_gateway_jobs_restarts",
            "Processes of training jobs that were started again after a crash.",
            registry=registry,
        )
        self._usage: dict[str, Usage] = {}
        for state in State:
            if state in _OPEN:
                self._open.labels(state.value)
            else:
                self._ended.labels(state.value)

    def refused(self) -> None:
        """A job was not taken."""
        self._refused.inc()

    def changed(self, job: Job) -> None:
        """A job is new, or has changed; only what came since the last time is added."""
        before = self._usage.get(job.job_id, job.usage)
        self._cpu.inc(max(0.0, job.usage.cpu_seconds - before.cpu_seconds))
        self._steps.inc(max(0, job.usage.steps - before.steps))
        self._dollars.inc(max(0.0, job.usage.dollars - before.dollars))
        self._restarts.inc(max(0, job.usage.restarts - before.restarts))
        if job.over:
            self._usage.pop(job.job_id, None)
            self._ended.labels(job.state.value).inc()
        else:
            self._usage[job.job_id] = job.usage

    def count(self, jobs: list[Job]) -> None:
        """All that have not ended; what those have taken that are new here, others have told."""
        self._usage = {job.job_id: self._usage.get(job.job_id, job.usage) for job in jobs}
        for state in _OPEN:
            self._open.labels(state.value).set(sum(job.state is state for job in jobs))


_OPEN = (State.QUEUED, State.STARTING, State.RUNNING, State.STOPPING)
