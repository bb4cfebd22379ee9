import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

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


@asynccontextmanager
async def serve_with_words() -> AsyncIterator[str]:
    structlog.get_logger().info("of no interest")
    structlog.get_logger().error("what is wrong")
    yield "nowhere"


def test_a_server_writes_nothing_between_the_figures(capfd: pytest.CaptureFixture[str]):
    with pinned_server(serve_with_words):
        pass
    output, errors = capfd.readouterr()
    assert output == ""
    assert "what is wrong" in errors
    assert "of no interest" not in errors
