"""The RPCs of model.proto."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from mazemesh.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Unavailable,
    within,
)
from mazemesh.games import GameSpec
from mazemesh.names import ALIAS, POLICY, parse_reference
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceServicer
from mazemesh.wire.specs import settings_from_proto
from services._harness.access.admission import caller
from services._harness.broadcast import Broadcast, wait
from services._harness.calls.context import Context
from services._harness.pages.paging import page_size, page_token, read_token
from services._harness.peers.game_specs import GameSpecs
from services.model.registry import aliases, leases, registry
from services.model.registry.feed import Feed
from services.model.registry.keeping.in_use import VersionsInUse
from services.model.registry.policy import Event, Submission, Told, Version
from services.model.registry.publisher import Now, Publisher
from services.model.registry.rules import Gate, Permission, Rules
from services.model.registry.upload import InFlight, Upload, Uploads
from services.model.store import BlobStore, Filter, RegistryStore, Transaction
from services.model.weights import Weights
from services.model.wire.external.external_spec import read_external
from services.model.wire.registry.alias_messages import move_message, read_told
from services.model.wire.registry.lineage_messages import read_filter
from services.model.wire.registry.messages import (
    alias_message,
    event_message,
    joined,
    lease_message,
    read_claim,
    read_graph,
    read_header,
    read_variant,
    read_variants,
    version_message,
    weights_message,
)
from services.model.wire.registry.parity_message import read_parity
from services.model.wire.registry.registry_servicer import RegistryMethods

CHUNK_BYTES: Final = 1024 * 1024
_EVENTS_AT_ONCE: Final = 256
_ROWS_AT_ONCE: Final = 50
_FEW_WATCHERS: Final = 8
_PARITY_AT_ONCE_BYTES: Final = 64 * 1024
"""Of parity rows that the event loop reads itself."""

_PAGE_BYTES: Final = 1024 * 1024
"""After which a page of a list ends."""


class GatePeer(Protocol):
    """The Elo service, as far as gates go."""

    async def gate(self, gate_id: str) -> Gate | None:
        """A gate; None when Elo knows none of the id. Raises `Unavailable` while it is away."""


class ModelServicer(RegistryMethods, ModelServiceServicer):
    """Validates, converts, calls the registry."""

    def __init__(
        self,
        *,
        store: RegistryStore,
        blobs: BlobStore,
        uploads: Uploads,
        weights: Weights,
        publisher: Publisher,
        changed: Broadcast,
        coming: Broadcast,
        feed: Feed,
        news: Callable[[Sequence[Event]], None],
        games: GameSpecs,
        max_policy_bytes: int,
        heartbeat_seconds: float,
        upload_seconds: float,
        downloads_per_second: float,
        lease_seconds: float,
        now: Now,
        gates: GatePeer,
        users: Sequence[VersionsInUse] = (),
    ) -> None:
        self._gates, self._users = gates, tuple(users)
        self._store = store
        self._blobs = blobs
        self._uploads = uploads
        self._weights = weights
        self._publisher = publisher
        self._changed, self._coming = changed, coming
        self._feed = feed
        self._news = news
        self._watching = 0
        self._told = _Told()
        self._downloads_per_second = downloads_per_second
        self._games = games
        self._max_policy_bytes = max_policy_bytes
        self._heartbeat_seconds = heartbeat_seconds
        self._upload_seconds = upload_seconds
        self._lease_seconds = lease_seconds
        self._now = now

    @property
    def watching(self) -> int:
        """Open watches."""
        return self._watching

    async def PublishPolicy(
        self, request_iterator: AsyncIterator[pb.PublishPolicyRequest], context: Context
    ) -> pb.PublishPolicyResponse:
        """Receives, then publishes; a repeated request gets its first answer."""
        header = await _first(request_iterator)
        with within("header"):
            submission = read_header(header, self._max_policy_bytes)
            graph = read_graph(header.graph_sha256)
            kinds = read_variants(header.variants)
            if header.weights and not graph:
                raise InvalidArgument("weights are set and graph_sha256 is not; expected both")
        if graph:
            version = await self._publish_weights(header, request_iterator, submission, kinds)
        else:
            version = await self._publish_file(header, request_iterator, submission, kinds)
        if version.rejection:
            raise FailedPrecondition(f"{version.reference} is rejected: {version.rejection}")
        return pb.PublishPolicyResponse(policy=version_message(version))

    async def _publish_file(
        self,
        header: pb.PublishPolicyHeader,
        messages: AsyncIterator[pb.PublishPolicyRequest],
        submission: Submission,
        kinds: Sequence[str],
    ) -> Version:
        known = await self._publisher.find(submission, header.fence)
        if known is not None:
            return known
        with within("header"):
            spec = await self._spec(header)
            parity = await asyncio.to_thread(read_parity, header.parity, spec)
        submission = _of_game(submission, spec)
        with self._uploads.room(submission, self._now()) as in_flight:
            upload = await self._receive(messages, submission, in_flight)
            in_flight.validating = True
            return await self._publisher.publish(submission, parity, upload, header.fence, kinds)

    async def _publish_weights(
        self,
        header: pb.PublishPolicyHeader,
        messages: AsyncIterator[pb.PublishPolicyRequest],
        submission: Submission,
        kinds: Sequence[str],
    ) -> Version:
        with within("header"):
            spec = await self._spec(header)
            if header.parity.ByteSize() <= _PARITY_AT_ONCE_BYTES:
                parity = read_parity(header.parity, spec)
            else:
                parity = await asyncio.to_thread(read_parity, header.parity, spec)
        submission = replace(_of_game(submission, spec), graph_sha256=header.graph_sha256)
        # In memory: what came, the file, and on its way to the check.
        with self._uploads.room(submission, self._now(), copies=3) as in_flight:
            filled = await self._weights.receive(
                submission, header.weights, _chunks(messages), self._upload_seconds
            )
            in_flight.received, in_flight.validating = submission.size_bytes, True
            return await self._publisher.publish_weights(
                submission, parity, filled.file, filled.weights, header.fence, kinds
            )

    async def GetPolicy(
        self, request: pb.GetPolicyRequest, context: Context
    ) -> AsyncGenerator[pb.GetPolicyResponse]:
        """The version, then its file in chunks."""
        reference = parse_reference(request.policy)
        find = registry.resolve if request.metadata_only else registry.resolve_file
        version = await self._store.transact(lambda tx: find(tx, reference))
        graph = read_graph(request.graph_sha256)
        kind = read_variant(request.variant)
        if kind:
            async for response in self._send_variant(request, version, kind):
                yield response
            return
        if graph and graph == version.graph_sha256 and not request.metadata_only:
            async for response in self._send_weights(request, version):
                yield response
            return
        _check_offset(request.offset, version.size_bytes, version)
        yield pb.GetPolicyResponse(policy=version_message(version))
        if request.metadata_only or request.if_none_match == version.sha256:
            return
        small = await self._weights.small_file(version)
        if small is not None:
            for chunk in _cut(small, request.offset):
                yield pb.GetPolicyResponse(chunk=chunk)
            return
        blob = await asyncio.to_thread(self._blobs.open, version.sha256, request.offset)
        hashed = hashlib.sha256()

        def read() -> bytes:
            chunk = blob.read(CHUNK_BYTES)
            hashed.update(chunk)
            return chunk

        try:
            for _ in range(request.offset, version.size_bytes, CHUNK_BYTES):
                yield pb.GetPolicyResponse(chunk=await asyncio.to_thread(read))
        finally:
            blob.close()
        # Of a part its receiver alone can tell.
        if not request.offset and hashed.hexdigest() != version.sha256:
            raise FailedPrecondition(
                f"the stored file of {version.reference} is damaged: it hashes to "
                f"{hashed.hexdigest()}, and {version.sha256} was published"
            )

    async def _send_weights(
        self, request: pb.GetPolicyRequest, version: Version
    ) -> AsyncGenerator[pb.GetPolicyResponse]:
        first = pb.GetPolicyResponse(policy=version_message(version))
        if request.if_none_match == version.sha256:
            yield first
            return
        weights = await self._weights.of(version)
        if weights is None:
            raise NotFound(
                f"the file of {version.reference} is not of graph {version.graph_sha256}; ask "
                "without graph_sha256"
            )
        _check_offset(request.offset, len(weights), version)
        yield first
        for chunk in _cut(weights, request.offset):
            yield pb.GetPolicyResponse(chunk=chunk)

    async def _send_variant(
        self, request: pb.GetPolicyRequest, version: Version, kind: str
    ) -> AsyncGenerator[pb.GetPolicyResponse]:
        one = version.variant(kind)
        if one is None:
            there = ", ".join(known.kind for known in version.variants if known.sha256)
            raise NotFound(f"{version.reference} has no variant {kind}; it has {there or 'none'}")
        _check_offset(request.offset, one.size_bytes, version)
        yield pb.GetPolicyResponse(policy=version_message(version))
        if request.metadata_only or request.if_none_match == one.sha256:
            return
        blob = await asyncio.to_thread(self._blobs.open, one.sha256, request.offset)
        try:
            for _ in range(request.offset, one.size_bytes, CHUNK_BYTES):
                yield pb.GetPolicyResponse(chunk=await asyncio.to_thread(blob.read, CHUNK_BYTES))
        finally:
            blob.close()

    async def ListPolicies(
        self, request: pb.ListPoliciesRequest, context: Context
    ) -> pb.ListPoliciesResponse:
        """One page; all pages carry the revision of the first one."""
        limit = page_size(request.page_size)
        before, revision = read_token(request.page_token, 2) or (0, 0)
        chosen = read_filter(request)

        def read(tx: Transaction) -> pb.ListPoliciesResponse:
            # Here, in a thread of the store, since a page may be large.
            return _page(tx, chosen, before, revision, limit)

        return await self._store.transact(read)

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

    async def SetAlias(self, request: pb.SetAliasRequest, context: Context) -> pb.SetAliasResponse:
        """Moves an alias."""
        told = read_told(request, caller().owner)
        permission = await self._permission(request, told)
        moved = await self._store.transact(
            lambda tx: aliases.set_alias(
                tx,
                request.name,
                request.alias,
                request.version,
                request.expected_revision,
                now=self._now(),
                told=told,
                previous=request.previous_alias,
                permission=permission,
            )
        )
        self._news(())
        return pb.SetAliasResponse(alias=alias_message(moved))

    async def _permission(self, request: pb.SetAliasRequest, told: Told) -> Permission:
        """What rules may ask for: the gate that the caller names, if there is a rule for one."""
        names = [one for one in (request.alias, request.previous_alias) if one]
        texts = await self._store.transact(
            lambda tx: [tx.rules.get(request.name, one)[1] for one in names]
        )
        if not told.gate_id or not any(Rules.from_text(text).gate for text in texts):
            return Permission(told)
        return Permission(told, {told.gate_id: await self._gates.gate(told.gate_id)})

    async def GetAlias(self, request: pb.GetAliasRequest, context: Context) -> pb.GetAliasResponse:
        """An alias and its last move."""
        name, alias = POLICY.check("name", request.name), ALIAS.check("alias", request.alias)
        present, last = await self._store.transact(lambda tx: aliases.get_alias(tx, name, alias))
        return pb.GetAliasResponse(
            alias=alias_message(present),
            # One that does not lead to where it stands was followed by moves of its own.
            last_move=move_message(last) if last and last.alias == present else None,
        )

    async def ListAliasHistory(
        self, request: pb.ListAliasHistoryRequest, context: Context
    ) -> pb.ListAliasHistoryResponse:
        """A page of moves."""
        name = POLICY.check("name", request.name)
        alias = ALIAS.check("alias", request.alias) if request.alias else ""
        limit = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (0,)
        moves = await self._store.transact(lambda tx: tx.moves.page(name, alias, before, limit + 1))
        page = moves[:limit]
        return pb.ListAliasHistoryResponse(
            moves=map(move_message, page),
            next_page_token=page_token(page[-1].alias.revision) if len(moves) > limit else "",
        )

    async def _spec(self, header: pb.PublishPolicyHeader) -> GameSpec | None:
        """Of the game that the header names, if it names one; Game tells it.

        Of one that a simulator plays, which Game does not know, the header has the spaces.
        """
        if not header.HasField("collection"):
            return None
        with within("collection"):
            if header.collection.HasField("external"):
                return read_external(header.collection)
            with within("settings"):
                settings = settings_from_proto(header.collection.settings)
            return (await self._games.get(header.collection.game, settings)).spec

    async def HoldName(self, request: pb.HoldNameRequest, context: Context) -> pb.HoldNameResponse:
        """Begins, renews or ends a run's hold on a name."""
        claim, seconds = read_claim(request), self._lease_seconds
        lease = await self._store.transact(
            lambda tx: leases.hold(tx, claim, now=self._now(), seconds=seconds)
        )
        return lease_message(lease, seconds)

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

    async def _receive(
        self,
        messages: AsyncIterator[pb.PublishPolicyRequest],
        submission: Submission,
        in_flight: InFlight,
    ) -> Upload:
        upload = await self._begin(submission)
        try:
            async with asyncio.timeout(self._upload_seconds):
                async for message in messages:
                    await asyncio.to_thread(upload.write, _chunk(message))
                    in_flight.received += len(message.chunk)
        except TimeoutError as error:
            upload.discard()
            raise DeadlineExceeded(
                f"the file of {submission.name} did not come within {self._upload_seconds:g} s"
            ) from error
        except BaseException:
            upload.discard()
            raise
        return upload

    async def _begin(self, submission: Submission) -> Upload:
        # A cancelled call does not stop the thread that makes the file.
        begun = asyncio.ensure_future(asyncio.to_thread(self._uploads.begin, submission))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            begun.add_done_callback(_discard)
            raise


class _Told:
    """Messages of the newest changes, which all who watch are sent."""

    def __init__(self) -> None:
        self._messages: OrderedDict[int, tuple[Event, pb.WatchPoliciesResponse]] = OrderedDict()

    def message(self, event: Event, spread_seconds: float) -> pb.WatchPoliciesResponse:
        known, message = self._messages.get(event.revision, (None, None))
        if message is None or known is not event or message.spread_seconds != spread_seconds:
            message = event_message(event, spread_seconds)
            self._messages[event.revision] = event, message
            if len(self._messages) > _EVENTS_AT_ONCE:
                self._messages.popitem(last=False)
        return message


def _page(
    tx: Transaction, chosen: Filter, before: int, revision: int, limit: int
) -> pb.ListPoliciesResponse:
    """The next page; the last of its rows is left out to know that there is more."""
    page = pb.ListPoliciesResponse(revision=revision or tx.revision())
    size = 0
    while True:
        found = tx.versions.page(chosen, before, _ROWS_AT_ONCE)
        for position, version in found.rows:
            if len(page.policies) == limit or size > _PAGE_BYTES:
                page.next_page_token = page_token(before, page.revision)
                return page
            message = version_message(version)
            size += message.ByteSize()
            page.policies.append(message)
            before = position
        if not found.through:
            return page
        before = found.through
        if len(found.rows) < _ROWS_AT_ONCE:  # it has looked at as many as it may
            page.next_page_token = page_token(before, page.revision)
            return page


def _of_game(submission: Submission, spec: GameSpec | None) -> Submission:
    if spec is None:
        return submission
    return replace(submission, game=spec.name, game_hash=spec.rules_hash, spec_hash=spec.spec_hash)


def _discard(begun: asyncio.Future[Upload]) -> None:
    if begun.exception() is None:
        begun.result().discard()


async def _first(messages: AsyncIterator[pb.PublishPolicyRequest]) -> pb.PublishPolicyHeader:
    async for message in messages:
        if message.HasField("header"):
            return message.header
        break
    raise InvalidArgument("the first message has no header; send the header, then chunks")


def _chunk(message: pb.PublishPolicyRequest) -> bytes:
    if not message.HasField("chunk"):
        raise InvalidArgument("a message after the first has no chunk; the header comes once")
    if len(message.chunk) > CHUNK_BYTES:
        raise InvalidArgument(
            f"a chunk has {len(message.chunk)} bytes; at most {CHUNK_BYTES} are allowed"
        )
    return message.chunk


async def _chunks(messages: AsyncIterator[pb.PublishPolicyRequest]) -> AsyncIterator[bytes]:
    async for message in messages:
        yield _chunk(message)


def _cut(content: bytes, offset: int) -> Iterator[bytes]:
    for begin in range(offset, len(content), CHUNK_BYTES):
        yield content[begin : begin + CHUNK_BYTES]


def _check_offset(offset: int, size: int, version: Version) -> None:
    if not 0 <= offset <= size:
        raise InvalidArgument(
            f"offset is {offset}; expected 0..{size}, the size of {version.reference}"
        )
