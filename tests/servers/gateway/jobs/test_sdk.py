"""`mesh.training` and `mazemesh jobs` against a gateway in whose queue jobs wait."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from typer.testing import CliRunner

from mazemesh.cli.training.jobs import app
from mazemesh.client.addresses import Addresses, gateway_url
from mazemesh.client.gateway import web
from mazemesh.client.gateway.training import Training
from mazemesh.client.gateway.web import Web
from mazemesh.errors import (
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
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
    assert [one.title for one in training.jobs("running", "queued")] == ["t"]
    assert list(training.jobs("running")) == []
    with pytest.raises(InvalidArgument, match="queued"):
        list(training.jobs("asleep"))
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
    with pytest.raises(InvalidArgument, match="less than or equal to 16") as many:
        training.start(actors=99)
    assert many.value.field == "actors"
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
    for url in ("localhost:50060", "http://127.0.0.1:99999", "http://[::1", "ftp://mesh"):
        with pytest.raises(InvalidArgument, match="MAZEMESH_GATEWAY_URL"):
            Web(url)
    assert gateway_url(Addresses.local()) == "http://127.0.0.1:50060"
    assert gateway_url(Addresses.local("::1", 20_000, 2), tls=True) == "https://[::1]:20014"
    with pytest.raises(InvalidArgument, match="MAZEMESH_GATEWAY_URL"):
        gateway_url(Addresses("a:1", "a:2", "a:3", "a:4", "dns:///replay:5"))


def test_what_else_answers_is_no_gateway() -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            with pytest.raises(FailedPrecondition, match="is no gateway: b'<html>'"):
                Web(f"http://127.0.0.1:{server.server_port}").get("/jobs")
        finally:
            server.shutdown()


def test_an_answer_that_is_held_back_has_its_time(
    training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    training.options()  # the learner is there, and answers at once from here on
    monkeypatch.setattr(web, "DEADLINE", 0.9)
    assert training.start(maze_size=4, wait=1.0).status == "queued"


def test_ctrl_c_ends_the_watching_and_not_the_job(
    training: Training, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    job = training.start(maze_size=4).experiment_id
    monkeypatch.setattr("mazemesh.client.gateway.training.time.sleep", interrupted)
    done = CliRunner().invoke(app, ["status", job, "--watch", "--gateway", url])
    assert done.exit_code == 0, done.output
    assert f"`mazemesh jobs stop {job}` ends it" in done.stderr
    assert "queued: waits for its turn" in done.stdout
    assert training.status(job).status == "queued"


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
    study = ("start", "--tune", "epochs=1..4")
    assert "--maze-size is of a run" in run(*study, "--maze-size", "5", status=2)
    assert "--trials is of a study" in run("start", "--trials", "5", status=2)
