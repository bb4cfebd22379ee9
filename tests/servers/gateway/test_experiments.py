"""Training runs from MLflow's own database, its server, and the runs' journals."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from learner.record.destinations.mlflow_destination import MLflow
from mazemesh.sqlite_url import sqlite_url
from tests.ports import free_port
from tests.servers.gateway.test_rest import ok, problem
from tests.servers.gateway.world import Services, client, gateway
from tests.servers.learner.test_tracking import mlflow_server, wait_for


def journal(folder: Path, run_id: str, policy: str, steps: int) -> None:
    """What a learner leaves beside its checkpoints."""
    folder.mkdir(parents=True)
    about = {
        "run_id": run_id,
        "policy": policy,
        "game": "race",
        "algorithm": "ppo",
        "config": {"epochs": 4},
    }
    (folder / "run.json").write_text(json.dumps(about))
    began = time.time() - 1000
    lines = [
        {"time": began + number, "agent_steps": number * steps, "loss": 1.0 / (number + 1)}
        for number in range(3)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def written(destination: MLflow, run_id: str, loss: float) -> str:
    description = {"run_id": run_id, "policy": "race", "game": "race", "algorithm": "ppo"}
    run = destination.begin(description)
    destination.send(run, [{"time": time.time(), "agent_steps": 640, "loss": loss}])
    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    journal(tmp_path / "learner" / "race", "a" * 32, "race", 100)
    journal(tmp_path / "jobs" / "5f0c3b9e21aa" / "learner" / "cups", "b" * 32, "cups", 200)
    return tmp_path


def test_runs_tell_of_themselves(world: Services, folder: Path) -> None:
    odd = folder / "learner" / "odd"
    odd.mkdir()
    (odd / "run.json").write_text("[]")
    with gateway(world, data_dir=folder) as url, client(url) as http:
        first = ok(http.get("/experiments", params={"page_size": 1}))
        token = first["next_page_token"]
        rest = ok(http.get("/experiments", params={"page_size": 1, "page_token": token}))
        assert rest["next_page_token"] == ""
        found = {one["name"]: one for one in (*first["experiments"], *rest["experiments"])}
        assert found["race"]["experiment_id"] == found["race"]["run_id"] == "a" * 32
        job = ok(http.get("/experiments/5f0c3b9e21aa"))
        assert job == found["cups"]
        assert (job["run_id"], job["source"], job["status"]) == ("b" * 32, "journal", "finished")
        assert (job["agent_steps"], job["metrics"]["loss"]) == (400, pytest.approx(1 / 3))
        assert job["params"] == {"config.epochs": "4"}
        problem(http.get("/experiments/nobody"), 404)
        problem(http.get("/experiments", params={"page_token": "mlflow.1"}), 400)


def check(http: Any, mlflow_run: str) -> None:
    listed = ok(http.get("/experiments"))["experiments"]
    assert [(one["run_id"], one["source"]) for one in listed] == [("b" * 32, "mlflow")]
    # By the job's id, the run's, and MLflow's.
    for name in ("5f0c3b9e21aa", "b" * 32, mlflow_run):
        one = ok(http.get(f"/experiments/{name}"))
        assert (one["source"], one["status"], one["agent_steps"]) == ("mlflow", "running", 640)
        assert one["metrics"]["loss"] == pytest.approx(0.25)
        assert one["params"]["algorithm"] == "ppo"
    assert ok(http.get("/experiments/5f0c3b9e21aa"))["experiment_id"] == "5f0c3b9e21aa"
    # One that MLflow does not know is still known.
    assert ok(http.get("/experiments/" + "a" * 32))["source"] == "journal"


def answers(where: str) -> bool:
    try:
        return httpx.get(f"{where}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_mlflow_tells_by_its_database(world: Services, folder: Path) -> None:
    file = folder / "mlflow" / "mlflow.db"
    run = written(MLflow(sqlite_url(file), str(folder / "artifacts")), "b" * 32, 0.25)
    with gateway(world, data_dir=folder) as url, client(url) as http:
        check(http, run)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mlflow_tells_by_its_server(world: Services, folder: Path) -> None:
    with mlflow_server(folder / "served", free_port()) as where:
        wait_for(lambda: answers(where), "MLflow")
        run = written(MLflow(where, ""), "b" * 32, 0.25)
        with gateway(world, data_dir=folder, mlflow_url=where) as url, client(url) as http:
            check(http, run)
            problem(http.get("/experiments", params={"page_token": "mlflow.nonsense"}), 400)
    with gateway(world, data_dir=folder, mlflow_url=where) as url, client(url) as http:
        # MLflow is away: the runs tell.
        listed = ok(http.get("/experiments"))["experiments"]
        assert {one["source"] for one in listed} == {"journal"}
