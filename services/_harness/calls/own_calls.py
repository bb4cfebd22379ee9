"""Calls that a service answers beside the gRPC server, counted like those of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from mazemesh.errors import MazemeshError, status_of
from services._harness.calls.in_flight import InFlight
from services._harness.metrics import MethodMetrics


class OwnCalls:
    """Counts the calls of one method; belongs to the event loop of the server."""

    def __init__(self, metrics: MethodMetrics, in_flight: InFlight) -> None:
        self._metrics = metrics
        self._in_flight = in_flight

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One call, from its beginning to its end; what it raises says its status."""
        began, code = perf_counter(), "INTERNAL"
        self._metrics.in_flight += 1
        self._in_flight.enter()
        try:
            yield
            code = "OK"
        except MazemeshError as error:
            code = status_of(error).name
            raise
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        finally:
            self._metrics.in_flight -= 1
            self._metrics.ended(perf_counter() - began, code)
            self._in_flight.leave()
