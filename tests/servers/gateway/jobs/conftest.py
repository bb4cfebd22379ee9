"""A gateway in whose queue jobs wait for ever, in front of real services."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.servers.gateway.world import Services, client, gateway, services


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with services(tmp_path_factory.mktemp("mesh")) as running:
        yield running


@pytest.fixture(scope="module")
def url(world: Services) -> Iterator[str]:
    """A gateway in whose queue jobs wait for ever."""
    with gateway(world, drain_seconds=1.0, jobs_waiting_per_key=3) as where:
        yield where


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """A client that leaves an empty queue behind."""
    with client(url) as made:
        yield made
        for job in made.get("/jobs", params={"status": "queued"}).json()["jobs"]:
            made.post(f"/jobs/{job['experiment_id']}/cancel")
