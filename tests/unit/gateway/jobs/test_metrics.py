"""What Prometheus is told of jobs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.nouns.budget import Usage
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training


def test_each_step_is_counted_once_whoever_keeps_the_job() -> None:
    job = Job("a", "ann", Training("race", "ppo", "p"))
    first, second = CollectorRegistry(), CollectorRegistry()
    told = JobMetrics(first)
    told.changed(job)
    told.count([job])
    job = job.changed(state=State.RUNNING, attempt=1, usage=Usage(steps=100))
    told.changed(job)
    told.count([job])
    again = JobMetrics(second)  # of the gateway that comes after it
    again.count([job])
    job = job.changed(state=State.FINISHED, usage=Usage(steps=150))
    again.changed(job)
    again.count([])
    steps = [one.get_sample_value(f"{_NAME}_agent_steps_total") for one in (first, second)]
    assert steps == [100, 50]
    assert second.get_sample_value(f"{_NAME}_ended_total", {"state": "finished"}) == 1
    assert again._usage == {}


_NAME = "mazemesh_gateway_jobs"
