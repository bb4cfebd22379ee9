"""`mesh.training` and `mazemesh jobs` against a gateway in whose queue jobs wait."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

import httpx
import pytest
from typer.testing import CliRunner

from mazemesh.cli.training.jobs import app
from mazemesh.client.addresses import Addresses, gateway_url
from mazemesh.client.gateway.training import Training
from mazemesh.client.gateway.web import Web
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from tests.ports import free_port


@pytest.fixture
def training(url: str, http: httpx.Client) -> Training:
    """Of a gateway; the queue is emptied after it."""
    return Training(Web(url))


def test_a_job_from_python(training: Training) -> None:
    job = training.start(
        "race", "PPO", total_episodes=50, maze_size=4, settings={"hidden": (32, 16)}, title="t"
    )
    assert (job.status, job.kind, job.algorithm) == ("queued", "train", "ppo")
    assert job.total_episodes == 50
    assert job.request["settings"] == {"hidden": [32, 16], "width": 4, "height": 4}
    assert isinstance(job.created, datetime)
    assert training.status(job.experiment_id) == job
    assert [one.title for one in training.jobs("queued")] == ["t"]
    assert training.log(job.experiment_id) == []
    news = training.follow(job.experiment_id)
    assert next(news)["status"] == "queued"
    stopped = training.stop(job.experiment_id)
    assert (stopped.status, stopped.over) == ("cancelled", True)
    assert [told["type"] for told in news] == ["ended"]
    assert training.wait_for_completion(job.experiment_id) == stopped


def test_the_same_as_coroutines(training: Training) -> None:
    async def use() -> list[str]:
        job = await training.aio.start("race", maze_size=4)
        seen = [job.status, (await training.aio.status(job.experiment_id)).status]
        with pytest.raises(DeadlineExceeded, match="is queued"):
            await training.aio.wait_for_completion(job.experiment_id, timeout=0.5)
        async for told in training.aio.follow(job.experiment_id):
            seen.append(told["type"])
            await training.aio.stop(job.experiment_id)
        assert [one.experiment_id for one in await training.aio.jobs("cancelled")]
        return seen

    assert asyncio.run(use()) == ["queued", "queued", "progress", "ended"]


def test_errors_are_the_same_as_of_other_clients(training: Training) -> None:
    with pytest.raises(InvalidArgument, match=r"outside 2\.\.64") as wrong:
        training.start(maze_size=1)
    assert wrong.value.field == "maze_size"
    with pytest.raises(NotFound, match="there is no job"):
        training.status("nobody")
    with pytest.raises(NotFound):
        training.status("../keys")
    training.start(policy="mine")
    with pytest.raises(Conflict, match="mine"):
        training.start(policy="mine")
    training.start()
    training.start()
    with pytest.raises(ResourceExhausted) as full:
        training.start()
    assert full.value.reason == "QUEUE_FULL"
    assert full.value.retry_after


def test_no_gateway_is_named_where_there_is_none() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match="`mazemesh up` starts one"):
        Web(url).post("/jobs")
    with pytest.raises(InvalidArgument, match="MAZEMESH_GATEWAY_URL"):
        Web("localhost:50060")
    assert gateway_url(Addresses.local()) == "http://127.0.0.1:50060"
    assert gateway_url(Addresses.local("::1", 20_000, 2), tls=True) == "https://[::1]:20014"
    with pytest.raises(InvalidArgument, match="MAZEMESH_GATEWAY_URL"):
        gateway_url(Addresses("a:1", "a:2", "a:3", "a:4", "dns:///replay:5"))


def test_the_command_line(training: Training, url: str) -> None:
    def run(*command: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, [*command, "--gateway", url])
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.output

    made = json.loads(
        run(
            *("start", "--maze-size", "4", "--episodes", "9", "--set", "learning_rate=0.01"),
            *("--setting", "hidden=32,16", "--max-time", "30m", "--title", "mine", "--json"),
        )
    )
    job = made["experiment_id"]
    assert made["request"]["hyperparameters"] == {"learning_rate": 0.01}
    assert made["request"]["settings"]["hidden"] == [32, 16]
    assert "is queued and trains" in run("start", "--maze-size", "4")
    rows = run("list").splitlines()
    assert rows[0].startswith("job\tstatus\tkind")
    assert len(json.loads(run("list", "--status", "queued", "--json"))) == 2
    shown = run("status", job)
    assert "queued: waits for its turn" in shown
    assert run("logs", job) == ""
    assert "cancelled" in run("stop", job)
    assert "learning_rate" in run("options", "--algorithm", "dqn")
    assert "there is no job" in run("status", "nobody", status=1)
    assert "should be NAME=VALUE" in run("start", "--set", "x", status=2)
