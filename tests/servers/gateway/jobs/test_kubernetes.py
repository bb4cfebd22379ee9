"""Jobs of a cluster: manifests by Kubernetes' schema, pods that really run, and what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mazemesh.errors import InvalidArgument, Unauthenticated, Unavailable
from services.gateway.jobs.attempts.plan import plan_of
from services.gateway.jobs.launchers.kubernetes.api import KubernetesApi
from services.gateway.jobs.launchers.kubernetes.launcher import KubernetesLauncher
from services.gateway.jobs.launchers.kubernetes.manifest import Pods, manifest
from services.gateway.jobs.nouns.budget import Target
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training, Tuning
from tests.ports import free_port
from tests.servers.gateway.jobs.cluster import TOKEN, Cluster, cluster
from tests.servers.gateway.jobs.launching import Launching

PODS = Pods("mazemesh", "mazemesh/learner", "3", "4Gi", 1, "mazemesh", "mazemesh-keys")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Cluster, KubernetesLauncher]]:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    with cluster(tmp_path / "pods") as (made, url):
        yield made, KubernetesLauncher(KubernetesApi(url, token), PODS, 3600.0)


World = tuple[Cluster, KubernetesLauncher]


async def test_a_job_runs_in_a_pod_and_is_finished(world: World) -> None:
    _, launcher = world
    jobs = Launching(launcher)
    job = await jobs.submit(target=Target(steps=300), work={"actors": 2})
    going = await jobs.until(job, lambda now: now.progress)
    assert going.place == "kubernetes:mazemesh"
    done = await jobs.until(job, lambda now: now.over)
    assert (done.state, done.reason) == (State.FINISHED, "it has done its 300 steps")
    assert done.usage.steps == 300
    assert done.usage.dollars > 0
    assert any("begins at 0" in line for line in await launcher.log(done, 50))


async def test_a_gateway_that_comes_back_finds_it(world: World) -> None:
    made, launcher = world
    jobs = Launching(launcher)
    job = await jobs.submit()
    await jobs.until(job, lambda now: now.state is State.RUNNING)
    later = jobs.again(KubernetesLauncher(launcher._api, PODS))
    before = await later.until(job, lambda now: now.progress)
    await later.until(job, lambda now: now.usage.steps > before.usage.steps)
    await launcher.start(before)  # the same attempt again is nothing new
    assert len(made.pods) == 1
    await later.queue.stop(job.job_id, "ann")
    ended = await later.until(job, lambda now: now.over)
    assert (ended.state, ended.reason) == (State.CANCELLED, "stopped by ann")
    assert made.jobs == {}


async def test_a_pod_that_is_drained_is_replaced(world: World) -> None:
    made, launcher = world
    jobs = Launching(launcher)
    job = await jobs.submit()
    await jobs.until(job, lambda now: now.progress)
    made.drain()
    again = await jobs.until(job, lambda now: len(made.pods) == 2)
    assert (again.state, again.attempt) == (State.RUNNING, 1)
    await jobs.until(job, lambda now: now.progress and now.progress != again.progress)


async def test_a_pod_that_is_killed_is_another_attempt(world: World) -> None:
    made, launcher = world
    jobs = Launching(launcher)
    job = await jobs.submit()
    await jobs.until(job, lambda now: now.state is State.RUNNING)
    made.kill()
    again = await jobs.until(job, lambda now: now.attempt == 2)
    assert again.crashes == 1
    assert len(made.jobs) == 2
    await jobs.until(job, lambda now: now.state is State.RUNNING)


async def test_why_it_does_not_start_is_told(world: World) -> None:
    made, launcher = world
    made.pending = "0/3 nodes are available: 3 Insufficient cpu."
    jobs = Launching(launcher)
    job = await jobs.submit()
    waiting = await jobs.until(job, lambda now: "Insufficient" in now.reason)
    assert waiting.state is State.STARTING
    made.pending = ""
    await jobs.until(job, lambda now: now.state is State.RUNNING)


async def test_who_is_not_let_in_or_away(world: World, tmp_path: Path) -> None:
    made, launcher = world
    wrong = tmp_path / "wrong"
    wrong.write_text("nobody")
    stranger = KubernetesLauncher(KubernetesApi(launcher._api.url, wrong), PODS)
    job = Job("x", "", Training("race", "ppo", "p"), attempt=1)
    with pytest.raises(Unauthenticated, match="the cluster says 401: Unauthorized"):
        await stranger.look([job])
    away = KubernetesLauncher(KubernetesApi(f"http://127.0.0.1:{free_port()}"), PODS)
    with pytest.raises(Unavailable, match="does not answer"):
        await away.start(job)
    with pytest.raises(InvalidArgument, match="tune runs whole meshes"):
        await launcher.start(Job("x", "", Tuning("solo", "ppo", "s", {"epochs": "1..2"})))
    assert made.jobs == {}


def test_the_manifest_says_what_a_pod_may() -> None:
    job = Job("abc", "", Training("race", "ppo", "p"), attempt=2)
    made = manifest(plan_of(job, 1.5), PODS)
    assert made["metadata"]["name"] == "mazemesh-job-abc-2"
    pod = made["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "3", "memory": "4Gi"},
        "limits": {"memory": "4Gi", "nvidia.com/gpu": "1"},
    }
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod["automountServiceAccountToken"]
    keys = {one["name"]: one.get("valueFrom") for one in container["env"]}
    assert keys["MAZEMESH_JOB_WORKER_KEY"] == {
        "secretKeyRef": {"name": "mazemesh-keys", "key": "worker.key"}
    }
