"""Results in and out: the log as it is read, and what was played elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from mazemesh.errors import InvalidArgument
from mazemesh.names import IMPORT_PREFIX, IMPORTED
from mazemesh.v1 import elo_pb2
from services._harness.pacing import paced
from services._harness.pages.paging import page_size, page_token, read_token
from services.elo.log.batch import Batch, Duels
from services.elo.log.match import Match, retraction_id
from services.elo.standings.ratings import Ratings
from services.elo.store import ResultLog, Status
from services.elo.wire import filters, validation
from services.elo.wire.results import payloads
from services.elo.wire.results.reading import RequestReader
from services.elo.wire.rows import field

_MOST_LISTED = 1000
_MOST_BYTES = 3 * 1024 * 1024
_RESULTS = 1


class Transfers:
    """Lists and imports results.

    Args:
        ratings: Through which results are appended.
        log: The log.
        reader: Of requests.
    """

    def __init__(self, ratings: Ratings, log: ResultLog, reader: RequestReader) -> None:
        self._ratings, self._log, self._reader = ratings, log, reader

    async def page(self, request: elo_pb2.ListResultsRequest) -> bytes:
        """A ListResultsResponse."""
        size = page_size(request.page_size, _MOST_LISTED, _MOST_LISTED)
        (after,) = read_token(request.page_token) or (0,)
        if request.ladder:
            validation.check_ladder("ladder", request.ladder)
        window = filters.window(request)
        entries = await self._log.raw(after, size)
        matches = {sequence: payloads.decode(payload) async for sequence, payload in paced(entries)}
        gone: frozenset[str] = frozenset()
        if not request.include_retracted:
            gone = await self._retracted(list(matches.values()))
        parts: list[bytes] = []
        last, total = after, 0
        async for sequence, payload in paced(entries):
            if total + len(payload) > _MOST_BYTES and parts:
                break
            last = sequence
            match = matches[sequence]
            if match.match_id in gone or request.ladder not in ("", match.ladder):
                continue
            if not window[0] <= match.finish_nanoseconds < window[1]:
                continue
            if payload.startswith(b"{"):  # as it stood there before there were messages
                payload = payloads.encode(match)
            parts += (field(_RESULTS, len(payload)), payload)
            total += len(payload)
        more = len(entries) == size or (bool(entries) and last < entries[-1][0])
        rest = elo_pb2.ListResultsResponse(next_page_token=page_token(last) if more else "")
        return b"".join([*parts, rest.SerializeToString()])

    async def _retracted(self, matches: Sequence[Match]) -> frozenset[str]:
        """Ids of those that count no more, and of entries that took others back."""
        ids = {retraction_id(one.match_id): one.match_id for one in matches if not one.retracts}
        found = await self._log.named(list(ids))
        taken_back = (ids[match_id] for match_id in found)
        return frozenset([*taken_back, *(one.match_id for one in matches if one.retracts)])

    async def take(self, data: bytes) -> list[Status]:
        """What becomes of the results of an ImportResultsRequest.

        Raises:
            InvalidArgument: one is malformed, or was not played elsewhere.
        """
        try:
            request = elo_pb2.ImportResultsRequest.FromString(data)
        except DecodeError as error:
            raise InvalidArgument(f"the message is no ImportResultsRequest: {error}") from error
        only_tell = request.validate_only
        # Without that field it has the bytes of a RecordResultsRequest.
        request.ClearField("validate_only")
        batch = await self._reader.read(
            request.SerializeToString() if only_tell else data, IMPORTED
        )
        for place, match_id in enumerate(batch.match_ids):
            if not match_id.startswith(IMPORT_PREFIX):
                right = f"must begin with {IMPORT_PREFIX!r}"
                raise validation.wrong(f"results[{place}].match_id", match_id, right)
        own = await self._log.named([one.removeprefix(IMPORT_PREFIX) for one in batch.match_ids])
        statuses = [
            Status.CONFLICT if one.removeprefix(IMPORT_PREFIX) in own else Status.RECORDED
            for one in batch.match_ids
        ]
        rows = [row for row, status in enumerate(statuses) if status is Status.RECORDED]
        if rows:
            part = batch if len(rows) == len(statuses) else _some(batch, rows)
            found = await (self._foretold(part) if only_tell else self._ratings.record(part))
            for row, status in zip(rows, found, strict=True):
                statuses[row] = status
        return statuses

    async def _foretold(self, batch: Batch) -> list[Status]:
        """What would become of a batch if it were appended now."""
        there = {
            match_id: payloads.encode(match)
            for match_id, match in (await self._log.named(batch.match_ids)).items()
        }
        statuses: list[Status] = []
        for match_id, payload in zip(batch.match_ids, batch.payloads, strict=True):
            if match_id not in there:
                there[match_id] = payload
                statuses.append(Status.RECORDED)
            else:
                same = there[match_id] == payload
                statuses.append(Status.DUPLICATE if same else Status.CONFLICT)
        return statuses


def _some(batch: Batch, rows: list[int]) -> Batch:
    content = batch.content
    return Batch(
        [batch.match_ids[row] for row in rows],
        [batch.payloads[row] for row in rows],
        content.select(rows) if isinstance(content, Duels) else [content[row] for row in rows],
    )
