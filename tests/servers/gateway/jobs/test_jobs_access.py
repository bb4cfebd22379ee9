"""Whose a job is, where keys are asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mazemesh.sqlite_url import sqlite_url
from services._harness.access.audit.log import FOLDER
from services._harness.sql.database import Database
from services.gateway.jobs.nouns.job import State
from services.gateway.jobs.stores.sql_jobs import SqlJobs
from tests.servers.gateway.keys import keys_in
from tests.servers.gateway.world import Services, client, gateway, services


@dataclass
class Guarded:
    """A gateway that asks for keys, in whose queue jobs wait."""

    services: Services
    url: str
    keys: dict[str, str]

    def of(self, role: str) -> httpx.Client:
        return client(self.url, headers={"authorization": f"Bearer {self.keys[role]}"})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    keys = keys_in(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAZEMESH_KEY", keys["operator"])
        with services(folder, keys="on") as running, gateway(running) as url:
            yield Guarded(running, url, keys)


def test_who_may_do_what(guarded: Guarded) -> None:
    asked = {"policy": "race-mine", "maze_size": 4}
    with guarded.of("viewer") as viewer, guarded.of("worker") as worker:
        for http in (viewer, worker):
            assert http.post("/training/start", json=asked).status_code == 403
    with guarded.of("trainer") as trainer, guarded.of("operator") as operator:
        other = trainer.post("/training/start", json={"policy": "solo-mine"})
        assert (other.status_code, "race" in other.json()["detail"]) == (403, True)
        before = trainer.post("/training/start", json={**asked, "priority": 9})
        assert (before.status_code, "operator" in before.json()["detail"]) == (403, True)
        job = trainer.post("/training/start", json=asked).json()["experiment_id"]
        theirs = operator.post("/training/start", json={"priority": 9}).json()["experiment_id"]
        refused = trainer.post(f"/training/stop/{theirs}")
        assert (refused.status_code, "was started by key" in refused.json()["detail"]) == (
            403,
            True,
        )
        assert trainer.get(f"/jobs/{theirs}/logs").status_code == 403
        assert trainer.get(f"/jobs/{job}/logs").json() == {"lines": []}
        mine = trainer.get("/jobs", params={"mine": True}).json()["jobs"]
        assert [one["experiment_id"] for one in mine] == [job]
        with guarded.of("viewer") as viewer:
            seen = viewer.get(f"/training/status/{job}").json()
            assert seen["owner"] == mine[0]["owner"] != ""
            assert viewer.post(f"/training/stop/{job}").status_code == 403
        stopped = operator.post(f"/training/stop/{job}").json()
        assert stopped["reason"].startswith("stopped by key ")
    lines = [
        json.loads(line)
        for file in (guarded.services.folder / FOLDER).glob("gateway-*.jsonl")
        for line in file.read_text().splitlines()
    ]
    methods = [line["method"] for line in lines if line.get("role") == "trainer"]
    assert "POST /training/start" in methods


async def fail(folder: Path, job_id: str) -> None:
    """A job ends as one whose learner broke."""
    database = Database(sqlite_url(folder / "gateway.sqlite"))
    try:
        store = SqlJobs(database)
        job = await store.get(job_id)
        assert job is not None
        assert await store.replace(job.changed(state=State.FAILED, ended=1.0, log=("a secret",)))
    finally:
        await database.close()


def test_the_log_of_a_job_that_failed_is_its_owners(guarded: Guarded) -> None:
    with guarded.of("trainer") as trainer, guarded.of("operator") as operator:
        asked = {"policy": "race-broken", "maze_size": 4}
        job = trainer.post("/training/start", json=asked).json()["experiment_id"]
        asyncio.run(fail(guarded.services.folder, job))
        ways = (f"/jobs/{job}", f"/training/status/{job}")
        for owner in (trainer, operator):
            assert [owner.get(way).json()["log"] for way in ways] == [["a secret"]] * 2
        with guarded.of("viewer") as viewer:
            for way in (*ways, "/jobs"):
                seen = viewer.get(way)
                assert (seen.status_code, "secret" in seen.text) == (200, False), way
