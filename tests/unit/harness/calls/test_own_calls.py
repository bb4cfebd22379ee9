import asyncio

import pytest
from prometheus_client import CollectorRegistry

from mazemesh.errors import NotFound
from services._harness.calls.in_flight import InFlight
from services._harness.calls.own_calls import OwnCalls
from services._harness.metrics import CallMetrics


async def test_calls_beside_the_server_are_counted_by_how_they_end() -> None:
    metrics = CallMetrics(CollectorRegistry()).method("/a.B/C")
    in_flight = InFlight()
    calls = OwnCalls(metrics, in_flight)
    with calls.counted():
        assert metrics.in_flight == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_flight.wait_idle(), 0)
    for error in (NotFound("no such session"), ValueError(), asyncio.CancelledError()):
        with pytest.raises(type(error)), calls.counted():
            raise error
    await in_flight.wait_idle()
    assert metrics.in_flight == 0
    assert metrics.handled == {"OK": 1, "NOT_FOUND": 1, "INTERNAL": 1, "CANCELLED": 1}
