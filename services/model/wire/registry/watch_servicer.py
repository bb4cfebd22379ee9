"""WatchPolicies: changes as they come."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import Final

from mazemesh.errors import InvalidArgument, Unavailable
from mazemesh.names import POLICY
from mazemesh.v1 import model_pb2 as pb
from services._harness.broadcast import Broadcast, wait
from services._harness.calls.context import Context
from services.model.registry import registry
from services.model.registry.feed import Feed
from services.model.registry.policy import Event
from services.model.store import RegistryStore
from services.model.weights import Weights
from services.model.wire.registry.messages import (
    event_message,
    joined,
    read_graph,
    weights_message,
)

_EVENTS_AT_ONCE: Final = 256
_FEW_WATCHERS: Final = 8


class ToldMessages:
    """Messages of the newest changes, which all who watch are sent."""

    def __init__(self) -> None:
        self._messages: OrderedDict[int, tuple[Event, pb.WatchPoliciesResponse]] = OrderedDict()

    def message(self, event: Event, spread_seconds: float) -> pb.WatchPoliciesResponse:
        """A change on the wire, made once; see `event_message`."""
        known, message = self._messages.get(event.revision, (None, None))
        if message is None or known is not event or message.spread_seconds != spread_seconds:
            message = event_message(event, spread_seconds)
            self._messages[event.revision] = event, message
            if len(self._messages) > _EVENTS_AT_ONCE:
                self._messages.popitem(last=False)
        return message


class WatchMethods:
    """A part of the servicer of ModelService."""

    _store: RegistryStore
    _weights: Weights
    _changed: Broadcast
    _coming: Broadcast
    _feed: Feed
    _told: ToldMessages
    _watching: int
    _heartbeat_seconds: float
    _downloads_per_second: float

    @property
    def watching(self) -> int:
        """Open watches."""
        return self._watching

    async def WatchPolicies(
        self, request: pb.WatchPoliciesRequest, context: Context
    ) -> AsyncGenerator[pb.WatchPoliciesResponse]:
        """Changes after a revision as they come, a heartbeat first and after each silence."""
        name = POLICY.check("name", request.name) if request.name else ""
        graph = read_graph(request.graph_sha256)
        if graph and not name:
            raise InvalidArgument("graph_sha256 is set and name is not; expected both")
        if request.since_revision < 0:
            raise InvalidArgument(f"since_revision is {request.since_revision}; expected 0 or more")
        seen = request.since_revision
        if seen:
            await self._check_kept(seen)
        else:
            seen = await self._store.transact(lambda tx: tx.revision())
        self._watching += 1
        try:
            async for response in self._watch(seen, name, graph, together=request.together):
                yield response
        finally:
            self._watching -= 1

    async def _watch(
        self, seen: int, name: str, graph: str, *, together: bool
    ) -> AsyncGenerator[pb.WatchPoliciesResponse]:
        clock = asyncio.get_running_loop().time
        silent_until = clock()
        sent = self._weights.newest.of(name, graph)
        # Weights wake nobody who is not sent them.
        changed = self._coming if graph else self._changed
        while True:
            ticket = changed.ticket()
            if changed.closed:
                raise Unavailable("the Model service stops; watch again from the last revision")
            weights = self._weights.newest.of(name, graph)
            if weights is not sent and weights is not None and self._watching <= _FEW_WATCHERS:
                yield weights_message(seen, *weights)
            sent = weights
            news = self._feed.after(seen, name) or await self._changes(seen, name)
            seen = news.through
            spread = self._spread_seconds
            messages = [self._told.message(event, spread) for event in news.events]
            for message in joined(messages) if together else messages:
                yield message
            if not news.events and clock() >= silent_until:
                yield pb.WatchPoliciesResponse(revision=seen, heartbeat=True)
                silent_until = clock() + self._heartbeat_seconds
            elif news.events:
                silent_until = clock() + self._heartbeat_seconds
                continue  # there may be more
            # Changes of other names wake it too; they are no reason to be silent for longer.
            await wait(ticket, max(0.0, silent_until - clock()))

    @property
    def _spread_seconds(self) -> float:
        """In which those who watch are to fetch a file, each at another time."""
        if self._watching <= _FEW_WATCHERS:
            return 0.0
        return self._watching / self._downloads_per_second

    async def _check_kept(self, revision: int) -> None:
        """Raises OutOfRange where a watch from the revision on would miss something."""
        await self._store.transact(lambda tx: registry.changes(tx, revision, "", 1))

    async def _changes(self, since: int, name: str) -> registry.Changes:
        return await self._store.transact(
            lambda tx: registry.changes(tx, since, name, _EVENTS_AT_ONCE)
        )
