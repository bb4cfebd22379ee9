"""Reads batches from one table, some of them requested ahead."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from mazemesh.client.channel import closed, translate
from mazemesh.client.replay.experience import finite_seconds, sample_request
from mazemesh.client.replay.experience_calls import ExperienceCalls
from mazemesh.client.replay.experience_stream import ExperienceStream
from mazemesh.errors import DeadlineExceeded
from mazemesh.wire.experience_batch import ExperienceBatch, decode_sample
from mazemesh.wire.tensors import Signature

_CALL_SECONDS = 60.0


class ExperienceSampler(ExperienceStream):
    """Endless iterator of batches, in the order of their requests.

    At most `in_flight` batches are requested or received but not yet taken, so memory is bounded.
    The limiter may let a request wait for long; that is no error. Any other error is raised once
    where the batch would have come, and then again on each further use.

    Iterate in one thread; `close` may come from another and ends the iteration.
    """

    def __init__(
        self,
        calls: ExperienceCalls,
        table: str,
        signature: Signature,
        batch_size: int,
        in_flight: int = 2,
        min_policy_version: int = 0,
    ) -> None:
        if in_flight < 1:
            raise ValueError(f"in_flight is {in_flight}; expected at least 1")
        self.table = table
        self.batch_size = batch_size
        self.min_policy_version = min_policy_version
        """Goes with every request from now on; see `ReplayClient.sample`."""
        self._service = calls
        self._signature = signature
        self._in_flight = in_flight
        self._lock = threading.Lock()
        self._calls: deque[Any] = deque()
        self._updates: list[tuple[npt.ArrayLike, npt.ArrayLike]] = []
        self._closed = False
        self._fill()

    def receive(self, timeout: float | None = None) -> ExperienceBatch | None:
        """See `ExperienceStream`."""
        seconds = finite_seconds(timeout)
        while not self._closed:
            self._fill()
            try:
                with self._lock:
                    call = self._calls[0]
                response = call.result(timeout=seconds)
            except (grpc.FutureCancelledError, IndexError):
                return None
            except grpc.FutureTimeoutError:
                return None
            except grpc.RpcError as error:
                self._take()
                failure = translate(error, self._service.address)
                if isinstance(failure, DeadlineExceeded):
                    continue
                raise failure from error
            self._take()
            # The next request leaves before this batch is looked at.
            self._fill()
            return decode_sample(self._signature, response)
        return None

    def update_priorities(self, keys: npt.ArrayLike, priorities: npt.ArrayLike) -> None:
        """Sends new priorities along with the next request, before its rows are drawn."""
        with self._lock:
            self._updates.append((keys, priorities))

    def close(self) -> None:
        """See `ExperienceStream`."""
        with self._lock:
            self._closed = True
            calls = list(self._calls)
            self._calls.clear()
        for call in calls:
            call.cancel()

    def _take(self) -> None:
        with self._lock:
            if self._calls:
                self._calls.popleft()

    def _fill(self) -> None:
        with self._lock:
            while not self._closed and len(self._calls) < self._in_flight:
                request = sample_request(
                    self.table,
                    self.batch_size,
                    self.min_policy_version,
                    self._pop_updates(),
                    packed=self._signature.packs,
                )
                try:
                    call = self._service.sample.future(request, timeout=_CALL_SECONDS)
                except ValueError as error:
                    raise closed(self._service.address) from error
                self._calls.append(call)

    def _pop_updates(self) -> tuple[npt.ArrayLike, npt.ArrayLike] | None:
        if not self._updates:
            return None
        keys, priorities = zip(*self._updates, strict=True)
        self._updates.clear()
        return np.concatenate(keys), np.concatenate(priorities)
