"""The RPCs of workers, for the servicer: messages in, messages out."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.names import WORKER_ID
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness.access.admission import caller
from services._harness.pages.key_pages import key_page
from services._harness.pages.paging import page_size, page_token, read_token
from services.matchmaker.workers.events import Suspicion, WorkerEvent, WorkerStatus
from services.matchmaker.workers.quarantine import Quarantine
from services.matchmaker.workers.store import WorkerStore

_LONGEST_REASON = 1024
_LONGEST_STARTER = 128
_LONGEST_KEY = 64

_RULES = {
    Suspicion.MANUAL: pb.SUSPICION_RULE_MANUAL,
    Suspicion.RESULTS: pb.SUSPICION_RULE_RESULTS,
    Suspicion.RECORDING: pb.SUSPICION_RULE_RECORDING,
    Suspicion.DURATION: pb.SUSPICION_RULE_DURATION,
}


class WorkerCalls:
    """Lists workers and what was decided about them, and decides.

    Args:
        store: Where they are.
        quarantine: Who decides.
    """

    def __init__(self, store: WorkerStore, quarantine: Quarantine) -> None:
        self._store, self._quarantine = store, quarantine

    async def list(self, request: pb.ListWorkersRequest) -> pb.ListWorkersResponse:
        """A page of workers."""
        known = await self._store.statuses()
        chosen = [one for one in known if one.quarantined or not request.quarantined]
        page, following = key_page(
            chosen,
            lambda one: one.worker,
            page_size(request.page_size),
            request.page_token,
        )
        return pb.ListWorkersResponse(workers=map(_status, page), next_page_token=following)

    async def events(self, request: pb.ListWorkerEventsRequest) -> pb.ListWorkerEventsResponse:
        """A page of events."""
        limit = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (0,)
        worker = WORKER_ID.check("worker_id", request.worker_id) if request.worker_id else ""
        rows = await self._store.events(before, limit + 1, worker)
        page = rows[:limit]
        return pb.ListWorkerEventsResponse(
            events=[event_message(event) for _, event in page],
            next_page_token=page_token(page[-1][0]) if len(rows) > limit else "",
        )

    async def quarantine(self, request: pb.QuarantineWorkerRequest) -> pb.WorkerEvent:
        """Puts a worker in quarantine."""
        event = _asked(request.worker_id, request.reason, request.starter, quarantined=True)
        return event_message(await self._quarantine.put(event))

    async def release(self, request: pb.ReleaseWorkerRequest) -> pb.WorkerEvent:
        """Lets a worker out."""
        event = _asked(request.worker_id, request.reason, request.starter, quarantined=False)
        return event_message(await self._quarantine.release(event))


def event_message(event: WorkerEvent) -> pb.WorkerEvent:
    """An event as it is told."""
    message = pb.WorkerEvent(
        worker_id=event.worker,
        quarantined=event.quarantined,
        rule=_RULES[event.rule],
        reason=event.reason,
        match_ids=event.match_ids,
        p_value=event.p_value,
        retracted=event.retracted,
        kept=event.kept,
        starter=event.starter,
        key_id=event.key_id,
    )
    message.time.FromNanoseconds(round(event.time * 1e9))
    return message


def _status(status: WorkerStatus) -> pb.WorkerStatus:
    return pb.WorkerStatus(
        worker_id=status.worker,
        quarantined=status.quarantined,
        held=status.held,
        completed=status.completed,
        audited=status.audited,
        last_event=None if status.last is None else event_message(status.last),
    )


def _asked(worker_id: str, reason: str, starter: str, *, quarantined: bool) -> WorkerEvent:
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise InvalidArgument(
            f"reason: has {len(reason)} characters and should have 1..{_LONGEST_REASON}"
        )
    if len(starter) > _LONGEST_STARTER:
        raise InvalidArgument(
            f"starter: has {len(starter)} characters and should have {_LONGEST_STARTER} at most"
        )
    return WorkerEvent(
        WORKER_ID.check("worker_id", worker_id),
        0.0,
        quarantined,
        Suspicion.MANUAL,
        reason,
        starter=starter,
        key_id=caller().owner[:_LONGEST_KEY],
    )
