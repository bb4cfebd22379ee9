"""The RPCs of gates, for the servicer: messages in, messages out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from mazemesh.errors import ResourceExhausted, Unavailable
from mazemesh.names import GATE_ID, POLICY
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness.access.admission import caller
from services._harness.notices import Look, Notices
from services._harness.pages.paging import page_size, page_token, read_token
from services.matchmaker.gates.gates import Gates
from services.matchmaker.gates.run import GateRun
from services.matchmaker.gates.store import GATES, GateStore
from services.matchmaker.wire.gates import asked_of, cancel_reason, run_message

_MOST_WATCHES = 256


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
        self._gates, self._store, self._notices = gates, store, notices
        self._heartbeat_seconds = heartbeat_seconds
        self._looks: set[Look] = set()
        self._closed = False

    @property
    def watching(self) -> int:
        """Open watches."""
        return len(self._looks)

    async def close(self) -> None:
        """Ends all watches."""
        self._closed = True
        for look in self._looks:
            look.notice()

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
        rows = await self._store.page(before, limit + 1, gate_id=gate_id, name=name)
        page = rows[:limit]
        return pb.ListGateRunsResponse(
            runs=[run_message(run) for _, run in page],
            next_page_token=page_token(page[-1][0]) if len(rows) > limit else "",
        )

    async def watch(self, request: pb.WatchGateRunRequest) -> AsyncIterator[pb.GateRun]:
        """A gate now and whenever it has changed, until it has ended."""
        run = await self._gates.get(GATE_ID.check("gate_id", request.gate_id))
        if len(self._looks) >= _MOST_WATCHES:
            raise ResourceExhausted(
                f"{len(self._looks)} watches of gates are open, which is the most; read "
                "ListGateRuns instead"
            )
        look = self._notices.listen(GATES)
        self._looks.add(look)
        try:
            while not self._closed:
                yield run_message(run)
                if not run.running:
                    return
                run = await self._next(look, run.gate_id, run.revision)
        finally:
            self._looks.discard(look)
            self._notices.forget(look)
        raise Unavailable("the Matchmaker is stopping; watch again")

    async def _next(self, look: Look, gate_id: str, revision: int) -> GateRun:
        """The gate once it has another revision, or after the heartbeat's time."""
        run = await self._gates.get(gate_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._heartbeat_seconds):
                while run.revision == revision and not self._closed:
                    await look.wait()
                    run = await self._gates.get(gate_id)
        return run
