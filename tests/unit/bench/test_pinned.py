import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.pinned import pin, pinned_server


@asynccontextmanager
async def serve_nothing() -> AsyncIterator[str]:
    yield "nowhere"


def test_a_server_leaves_the_core_of_its_parent():
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("needs two cores")
    theirs, ours = sorted(before)[:2]
    try:
        assert pin(ours)
        with pinned_server(serve_nothing, theirs) as server:
            assert os.sched_getaffinity(0) == {ours}
            assert os.sched_getaffinity(server.process.pid) == {theirs}
    finally:
        os.sched_setaffinity(0, before)
