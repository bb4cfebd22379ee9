"""One set of services for all tests of a file, and a gateway in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.gateway.world import Services, client, gateway, publish, rate, services


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services that ask for no keys, with `race:1`, `race:2` and a rated ladder `race`."""
    folder: Path = tmp_path_factory.mktemp("mesh")
    with services(folder) as running:
        publish(running.mesh)
        publish(running.mesh, moves=False)
        rate(running.mesh)
        yield running


@pytest.fixture(scope="module")
def url(world: Services) -> Iterator[str]:
    """Of a gateway in front of `world`."""
    with gateway(world) as where:
        yield where


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """A client of the gateway."""
    with client(url) as made:
        yield made
