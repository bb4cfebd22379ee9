"""A Model service for each test, and its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mazemesh.client.model import ModelClient
from tests.servers.model_server import RunningModel, running_model


@pytest.fixture
def model(tmp_path: Path) -> Iterator[RunningModel]:
    with running_model(tmp_path) as model:
        yield model


@pytest.fixture
def client(model: RunningModel) -> ModelClient:
    return model.client
