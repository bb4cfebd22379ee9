"""The RPCs of gates, for the servicer: messages in, messages out."""

from __future__ import annotations

from collections.abc import AsyncIterator

from mazemesh.names import GATE_ID, POLICY
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness.access.admission import caller
from services._harness.notices import Notices
from services._harness.pages.paging import page_size, page_token, read_token
from services.matchmaker.gates.gates import Gates
from services.matchmaker.gates.store import GATES, GateStore
from services.matchmaker.wire.gates import asked_of, cancel_reason, run_message
from services.matchmaker.wire.watches import Watches


class GateCalls:
    """Starts, cancels, lists and watches gates.

    Args:
        gates: Of the core.
        store: Where they are kept.
        notices: Tell that one has changed, here or at another instance.
        heartbeat_seconds: Longest silence of a watch.
    """

    def __init__(
        self, gates: Gates, store: GateStore, notices: Notices, *, heartbeat_seconds: float
    ) -> None:
        self._gates, self._store = gates, store
        self._watches = Watches(
            *("gates", "ListGateRuns", gates.get, notices, GATES),
            heartbeat_seconds=heartbeat_seconds,
        )

    @property
    def watching(self) -> int:
        """Open watches."""
        return len(self._watches)

    async def close(self) -> None:
        """Ends all watches."""
        await self._watches.close()

    async def start(self, request: pb.StartGateRequest) -> pb.GateRun:
        """Starts a gate."""
        request_id, asked = asked_of(request)
        return run_message(await self._gates.start(request_id, asked, key_id=caller().owner))

    async def cancel(self, request: pb.CancelGateRequest) -> pb.GateRun:
        """Ends a gate."""
        gate_id = GATE_ID.check("gate_id", request.gate_id)
        return run_message(await self._gates.cancel(gate_id, cancel_reason(request)))

    async def page(self, request: pb.ListGateRunsRequest) -> pb.ListGateRunsResponse:
        """A page of gates."""
        limit = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (0,)
        gate_id = GATE_ID.check("gate_id", request.gate_id) if request.gate_id else ""
        name = POLICY.check("name", request.name) if request.name else ""
        rows = await self._store.page(before, limit + 1, run_id=gate_id, name=name)
        page = rows[:limit]
        return pb.ListGateRunsResponse(
            runs=[run_message(run) for _, run in page],
            next_page_token=page_token(page[-1][0]) if len(rows) > limit else "",
        )

    async def watch(self, request: pb.WatchGateRunRequest) -> AsyncIterator[pb.GateRun]:
        """A gate now and whenever it has changed, until it has ended."""
        gate_id = GATE_ID.check("gate_id", request.gate_id)
        async for run in self._watches.follow(gate_id):
            yield run_message(run)
