"""A Model service for the tests of a file, with a policy and one that remembers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.onnx_policies import RecurrentNetwork
from tests.servers.model_policies import publish
from tests.servers.model_server import RunningModel, running_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningModel]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        publish(model.client)
        memory = RecurrentNetwork()
        model.client.publish(memory.header("memory"), memory.file())
        yield model
