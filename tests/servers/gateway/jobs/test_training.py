"""Jobs that really train, and the examples of the README, word for word.

Only where the gateway is differs: each test has a port of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mazemesh.client.gateway.training import Training
from mazemesh.client.gateway.web import Web
from tests.servers.gateway.world import Services, client, gateway, services

README = Path(__file__).parents[4] / "README.md"
USUAL = "127.0.0.1:50060"
SECONDS = 300.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with services(tmp_path_factory.mktemp("mesh")) as running:
        yield running


@pytest.fixture(scope="module")
def url(world: Services) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAZEMESH_LEARNER_TRACKING", "none")
        with gateway(world, jobs_at_once=2) as where:
            yield where
            # Whatever a failed test has left.
            training = Training(Web(where))
            for job in training.jobs("queued", "starting", "running"):
                training.stop(job.experiment_id)
                training.wait_for_completion(job.experiment_id, SECONDS)


def example(language: str) -> list[str]:
    """Blocks of the README's section of one language."""
    section = README.read_text().partition("## Training as a service\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def run(command: list[str], text: str, seconds: float = SECONDS) -> str:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(script: str, world: Services, url: str) -> str:
    """What a program prints that finds the mesh by its environment."""
    at = world.addresses
    told = {f"MAZEMESH_{name.upper()}_ADDRESS": address for name, address in vars(at).items()}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={**os.environ, **told, "MAZEMESH_GATEWAY_URL": url},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_curl_example(url: str) -> None:
    [script] = [block for block in example("sh") if "curl" in block]
    assert USUAL in script
    where = url.removeprefix("http://")
    told = run(["bash", "-eu"], script.replace(USUAL, where))
    started, status, stopped = _documents(told)
    assert set(started) == {"experiment_id", "status", "policy"}
    assert status["experiment_id"] == started["experiment_id"]
    assert (status["total_episodes"], status["policy"]) == (2000, "first-steps")
    assert stopped["status"] in ("cancelled", "stopping")
    ended = Training(Web(url)).wait_for_completion(str(started["experiment_id"]), SECONDS)
    assert (ended.status, ended.reason) == ("cancelled", "stopped")


def test_the_javascript_example_trains_to_its_end(url: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    [script] = example("js")
    assert USUAL in script
    file = tmp_path / "example.mjs"
    file.write_text(script.replace(USUAL, url.removeprefix("http://")))
    # Of versions before 22 a flag asks for what browsers have.
    told = run([node, "--experimental-websocket", str(file)], "")
    lines = told.splitlines()
    assert lines[-1].startswith("finished "), told
    episodes = [int(line.split()[1]) for line in lines]
    assert episodes[-1] >= 1000
    assert any("policy:" in line for line in lines), told  # losses
    with client(url) as http:
        job = http.get("/jobs", params={"status": "finished"}).json()["jobs"][0]
        run_of_it = http.get(f"/experiments/{job['experiment_id']}").json()
    assert run_of_it["experiment_id"] == job["experiment_id"]
    assert run_of_it["run_id"] == job["progress"]["run_id"]
    assert run_of_it["name"] == job["policy"]
    assert job["reason"] == "it has done its 1,000 episodes"
    assert job["progress"]["success_rate"] is not None
    assert job["usage"]["cpu_seconds"] > 0


def test_the_python_example(url: str, world: Services) -> None:
    [script] = example("python")
    told = python(script, world, url)
    assert told.startswith("finished it has done its 2,000 steps"), told


def _documents(text: str) -> list[dict[str, object]]:
    """JSON documents, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        document, at = decoder.raw_decode(text, at)
        found.append(document)
        while at < len(text) and text[at].isspace():
            at += 1
    return found
