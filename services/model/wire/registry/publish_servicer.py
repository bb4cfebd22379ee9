"""PublishPolicy: a file, or weights of a known graph, on the way to a version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from mazemesh.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument, within
from mazemesh.games import GameSpec
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.specs import settings_from_proto
from services._harness.calls.context import Context
from services._harness.peers.game_specs import GameSpecs
from services.model.registry.policy import Submission, Version
from services.model.registry.publisher import Now, Publisher
from services.model.registry.upload import InFlight, Upload, Uploads
from services.model.weights import Weights
from services.model.wire.external.external_spec import read_external
from services.model.wire.registry.chunks import CHUNK_BYTES
from services.model.wire.registry.messages import (
    read_graph,
    read_header,
    read_variants,
    version_message,
)
from services.model.wire.registry.parity_message import read_parity

_PARITY_AT_ONCE_BYTES: Final = 64 * 1024
"""Of parity rows that the event loop reads itself."""


class PublishMethods:
    """A part of the servicer of ModelService."""

    _publisher: Publisher
    _uploads: Uploads
    _weights: Weights
    _games: GameSpecs
    _max_policy_bytes: int
    _upload_seconds: float
    _now: Now

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
