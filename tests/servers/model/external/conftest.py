"""A Model and a Replay service for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mazemesh.client.model import ModelClient
from tests.servers.external_run import World, external_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with external_world(tmp_path_factory.mktemp("external")) as world:
        yield world


@pytest.fixture
def model(world: World) -> ModelClient:
    return world.model.client
