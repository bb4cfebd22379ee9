"""Writes batches into one table, each exactly once."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

import grpc
import numpy.typing as npt

from mazemesh.client.calling.pauses import jittered
from mazemesh.client.channel import MAX_MESSAGE_BYTES, translate
from mazemesh.client.replay.compression import Compression, Packer
from mazemesh.client.replay.experience_calls import ExperienceCalls
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import (
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    MazemeshError,
    NotFound,
    Reason,
    ResourceExhausted,
    Unavailable,
)
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.experience_record import array_bytes, encode_record
from mazemesh.wire.tensors import Signature, to_arrays

_log = logging.getLogger("mazemesh.replay")

_CALL_SECONDS = 30.0
_CALL_BESIDE_OTHERS = 10.0
# An append that took less than this was not held up by anything.
_AT_ONCE_SECONDS = 0.1
_QUICK_CALL_SECONDS = 1.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class ExperienceWriter:
    """One writer of one table: numbers its batches and sends one again until it is answered.

    `append` is for one thread; `close` may come from another and ends an append that waits.

    Args:
        calls: Of the service.
        table: Its name.
        signature: Of the table.
        give_up: Seconds after which an append is given up.
        away_seconds: Where rows may go elsewhere: an append is given up once the service has been
            away for so long, or a call has waited for its time.
    """

    def __init__(
        self,
        calls: ExperienceCalls,
        table: str,
        signature: Signature,
        *,
        give_up: float = 300.0,
        away_seconds: float | None = None,
        compression: Compression = Compression.AUTO,
    ) -> None:
        self.table = table
        self.signature = signature
        self.writer_id = str(uuid.uuid4())
        self.sequence = 0
        """Number of the last batch that the service has."""
        self.trouble = ""
        """Why the append that waits was not taken so far; empty while it may wait for room."""
        self.blocked_seconds = 0.0
        """Time spent in `append`: waiting for the limiter, the network, a service that is away."""
        self._calls = calls
        self._give_up = give_up
        self._call_seconds = _CALL_SECONDS if away_seconds is None else _CALL_BESIDE_OTHERS
        self._away_seconds = away_seconds
        self._packer = Packer(compression, calls.address)
        self._closed = threading.Event()
        self._call: Any = None
        self._answers_at_once = False
        # Whether the service may have the next sequence already, with rows that were given up.
        self._is_uncertain = False

    def append(
        self,
        columns: Mapping[str, npt.ArrayLike],
        priorities: npt.ArrayLike | None = None,
        policy_versions: npt.ArrayLike | None = None,
        more_tables: Mapping[str, npt.ArrayLike | None] | None = None,
        *,
        episodes: EpisodeTotals | None = None,
    ) -> pb.RecordExperienceResponse:
        """Sends rows as the next batch; returns when the service has them.

        Tries again, under the same sequence, while the service is away, its limiter forbids the
        insert, its disk is full, too many calls wait there, or the table that was there is missing
        (its owner makes it again), at most for `give_up` seconds. After an exception the same rows
        may be appended again, or others: those are inserted too, whatever became of the first.

        Args:
            columns: By name: [rows, *shape]. One that the signature packs may be given packed,
                [rows, *stored_shape], or plain.
            priorities: float64 [rows], finite and >= 0; None takes the highest in the table.
            policy_versions: int64 [rows]; None is unknown.
            more_tables: Further tables of the same signature that take the rows, all or none, each
                with its own priorities.
            episodes: Of those that ended since the batch before.

        Raises:
            InvalidArgument: the columns do not fit the signature or a message, or the table refuses
                them.
            NotFound: there never was such a table.
            AlreadyExists: somebody else writes under this writer's id.
            DeadlineExceeded, Unavailable, NotFound, ResourceExhausted: it was given up;
            Unavailable also after `close`.
        """
        arrays = to_arrays(self.signature, columns)
        data = [array_bytes(array) for array in arrays]
        started = time.monotonic()
        encoded = self._packer.pack(
            encode_columns(self.signature.packed_hash, len(arrays[0]), data)
        )

        def request() -> bytes:
            """With the next sequence."""
            return encode_record(
                self.table,
                self.writer_id,
                self.sequence + 1,
                encoded,
                priorities,
                policy_versions,
                more_tables,
                episodes,
            )

        try:
            try:
                response = self._send(request(), started + self._give_up)
            except AlreadyExists:
                if not self._is_uncertain:
                    raise
                # The service has the batch that was given up before: these rows come after it.
                self.sequence += 1
                self._is_uncertain = False
                response = self._send(request(), started + self._give_up)
            except FailedPrecondition as error:
                if error.reason != Reason.BATCHES_MISSING:
                    raise
                # The service came back without batches that it had, and would wait for them for
                # ever: it takes these from a new writer.
                _log.warning("Replay has lost batches of table %s: %s", self.table, error)
                self.writer_id, self.sequence = str(uuid.uuid4()), 0
                response = self._send(request(), started + self._give_up)
        except MazemeshError:
            self._is_uncertain = True
            raise
        finally:
            seconds = time.monotonic() - started
            self.blocked_seconds += seconds
            self._answers_at_once = seconds < _AT_ONCE_SECONDS
        self._packer.sent()
        self._is_uncertain = False
        self.sequence += 1
        return response

    def close(self) -> None:
        """Ends an append that waits; later ones are refused."""
        self._closed.set()
        call = self._call
        if call is not None:
            call.cancel()

    def __enter__(self) -> ExperienceWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _send(self, request: bytes, give_up_at: float) -> pb.RecordExperienceResponse:
        pause = _FIRST_PAUSE
        began = time.monotonic()
        while True:
            remaining = give_up_at - time.monotonic()
            try:
                response = self._try(request, min(self._call_seconds, max(remaining, 0.01)))
            except (DeadlineExceeded, Unavailable, NotFound, ResourceExhausted) as error:
                if self._closed.is_set():
                    raise Unavailable(f"writer of table {self.table!r} was closed") from error
                if isinstance(error, NotFound) and self.sequence == 0:
                    raise
                if isinstance(error, ResourceExhausted) and len(request) > MAX_MESSAGE_BYTES:
                    raise InvalidArgument(
                        f"the batch takes {len(request)} bytes; expected at most "
                        f"{MAX_MESSAGE_BYTES} in a message"
                    ) from error
                if time.monotonic() + pause >= give_up_at or self._is_away(error, began):
                    raise
                if isinstance(error, DeadlineExceeded):
                    self._answers_at_once, self.trouble = False, ""
                    continue
                self.trouble = str(error)
            else:
                self.trouble = ""
                return response
            self._closed.wait(jittered(pause))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _is_away(self, error: MazemeshError, began: float) -> bool:
        if self._away_seconds is None:
            return False
        away = isinstance(error, Unavailable)
        return isinstance(error, DeadlineExceeded) or (
            away and time.monotonic() - began >= self._away_seconds
        )

    def _try(self, request: bytes, deadline: float) -> pb.RecordExperienceResponse:
        if self._answers_at_once and not self._closed.is_set():
            return self._try_quickly(request, min(deadline, _QUICK_CALL_SECONDS))
        # A future, because that can be cancelled from another thread.
        self._call = self._calls.record.future(request, timeout=deadline)
        if self._closed.is_set():
            self._call.cancel()
        try:
            response: pb.RecordExperienceResponse = self._call.result()
            return response
        except grpc.FutureCancelledError:
            raise Unavailable(f"writer of table {self.table!r} was closed") from None
        except grpc.RpcError as error:
            raise translate(error, self._calls.address) from error
        finally:
            self._call = None

    def _try_quickly(self, request: bytes, deadline: float) -> pb.RecordExperienceResponse:
        """A call that this thread carries out itself, for half the processor time of a future.

        Nobody can cancel it, but it does not last.
        """
        try:
            response: pb.RecordExperienceResponse = self._calls.record(request, timeout=deadline)
            return response
        except grpc.RpcError as error:
            raise translate(error, self._calls.address) from error
