"""A Replay service over real sockets, in the test's own event loop, and a client of it."""

import pytest

from mazemesh.client.replay.replay import ReplayClient
from services._harness import serve
from services.replay.bind import bind
from services.replay.settings import ReplaySettings


@pytest.fixture
async def server(tmp_path):
    settings = ReplaySettings(port=0, data_dir=tmp_path, seed=7, memory_limit_gib=1.0)
    async with serve(settings, bind) as running:
        yield running


@pytest.fixture
async def client(server):
    client = ReplayClient(server.address)
    yield client
    client.close()
