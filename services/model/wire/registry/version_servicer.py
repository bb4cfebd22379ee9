"""Versions on their way out: GetPolicy, a file or a part of it, and ListPolicies."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import Final

from mazemesh.errors import FailedPrecondition, InvalidArgument, NotFound
from mazemesh.names import parse_reference
from mazemesh.v1 import model_pb2 as pb
from services._harness.calls.context import Context
from services._harness.pages.paging import page_size, page_token, read_token
from services.model.blob_store import BlobStore
from services.model.registry import registry
from services.model.registry.policy import Version
from services.model.store import RegistryStore, Transaction
from services.model.version_store import Filter
from services.model.weights import Weights
from services.model.wire.registry.chunks import CHUNK_BYTES, cut
from services.model.wire.registry.lineage_messages import read_filter
from services.model.wire.registry.messages import read_graph, read_variant, version_message

_ROWS_AT_ONCE: Final = 50
_PAGE_BYTES: Final = 1024 * 1024
"""After which a page of a list ends."""


class VersionMethods:
    """A part of the servicer of ModelService."""

    _store: RegistryStore
    _blobs: BlobStore
    _weights: Weights

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
            for chunk in cut(small, request.offset):
                yield pb.GetPolicyResponse(chunk=chunk)
            return
        whole = f"file of {version.reference}", version.sha256, version.size_bytes
        async for response in self._send_blob(*whole, request.offset):
            yield response

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
        for chunk in cut(weights, request.offset):
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
        form = f"{kind} file of {version.reference}", one.sha256, one.size_bytes
        async for response in self._send_blob(*form, request.offset):
            yield response

    async def _send_blob(
        self, what: str, sha256: str, size_bytes: int, offset: int
    ) -> AsyncGenerator[pb.GetPolicyResponse]:
        """A stored file in chunks; raises FailedPrecondition at its end if it is damaged."""
        blob = await asyncio.to_thread(self._blobs.open, sha256, offset)
        hashed = hashlib.sha256()

        def read() -> bytes:
            chunk = blob.read(CHUNK_BYTES)
            hashed.update(chunk)
            return chunk

        try:
            for _ in range(offset, size_bytes, CHUNK_BYTES):
                yield pb.GetPolicyResponse(chunk=await asyncio.to_thread(read))
        finally:
            blob.close()
        # Of a part its receiver alone can tell.
        if not offset and hashed.hexdigest() != sha256:
            raise FailedPrecondition(
                f"the stored {what} is damaged: it hashes to {hashed.hexdigest()}; expected "
                f"{sha256}"
            )

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


def _check_offset(offset: int, size: int, version: Version) -> None:
    if not 0 <= offset <= size:
        raise InvalidArgument(
            f"offset is {offset}; expected 0..{size}, the size of {version.reference}"
        )
