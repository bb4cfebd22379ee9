"""Weights in place of files, on their way in and out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from mazemesh.errors import DeadlineExceeded, InvalidArgument
from mazemesh.policy.file.weights import Graph
from services.model.blob_store import BlobStore
from services.model.registry.graphs import Graphs, Newest, RecentFiles
from services.model.registry.policy import Submission, Version
from services.model.store import RegistryStore

AT_ONCE_BYTES: Final = 1024 * 1024
"""Of what the event loop puts together by itself; what is larger a thread does."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A file that was put together.

    Attributes:
        file: The whole.
        weights: What came.
    """

    file: bytes
    weights: bytes


class Weights:
    """Puts files together from the graphs that are known, and takes them apart again.

    Attributes:
        graphs: Those that are remembered.
        newest: Weights for those who watch.
    """

    def __init__(self, store: RegistryStore, blobs: BlobStore, graphs: Graphs) -> None:
        self.graphs, self.newest = graphs, Newest()
        self._store, self._blobs = store, blobs
        self._recent = RecentFiles()

    def prepared(self, submission: Submission, weights: bytes) -> None:
        """Weights were checked: those who watch may have them."""
        self.newest.put(submission.name, submission.graph_sha256, submission.sha256, weights)

    async def receive(
        self,
        submission: Submission,
        begun: bytes,
        chunks: AsyncIterator[bytes],
        seconds: float,
    ) -> Filled:
        """The file of the submission, which names its graph.

        Chunks come after what has `begun` of the weights, within so many seconds.

        Raises:
            NotFound: the graph is not known here.
            InvalidArgument: the weights or the file are not what the header says.
            DeadlineExceeded: they do not come.
        """
        graph = await self.graphs.find(submission.name, submission.graph_sha256)
        if len(graph.template) != submission.size_bytes:
            raise InvalidArgument(
                f"size_bytes is {submission.size_bytes}; a file of this graph has "
                f"{len(graph.template)}"
            )
        weights = bytearray(begun)
        try:
            async with asyncio.timeout(seconds):
                async for chunk in chunks:
                    weights += chunk
                    if len(weights) > graph.weight_bytes:
                        break
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"the weights of {submission.name} did not come within {seconds:g} s"
            ) from error
        if len(weights) <= AT_ONCE_BYTES:
            return self._fill(graph, bytes(weights), submission)
        return await asyncio.to_thread(self._fill, graph, bytes(weights), submission)

    def _fill(self, graph: Graph, weights: bytes, submission: Submission) -> Filled:
        file = graph.filled(weights)
        sha256 = hashlib.sha256(file).hexdigest()
        if sha256 != submission.sha256:
            raise InvalidArgument(
                f"sha256 is {submission.sha256}, but the file of graph {graph.sha256[:16]} with "
                f"these weights hashes to {sha256}"
            )
        self._recent.put(sha256, file)
        return Filled(file, weights)

    async def of(self, version: Version) -> bytes | None:
        """The weights of a version's file; None where its graph is not told."""
        graph = await self.graphs.of(version)
        if graph is None:
            return None
        return graph.weights_of(await self.file(version))

    async def small_file(self, version: Version) -> bytes | None:
        """The file of a version, where it was published a moment ago or is kept with the rows."""
        recent = self._recent.get(version.sha256)
        if recent is not None:
            return recent
        return await self._store.transact(lambda tx: tx.files.get(version.sha256))

    async def file(self, version: Version) -> bytes:
        """The file of a ready version.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        small = await self.small_file(version)
        if small is not None:
            return small
        return await asyncio.to_thread(self._read, version)

    def _read(self, version: Version) -> bytes:
        blob = self._blobs.open(version.sha256)
        try:
            return b"".join(iter(lambda: blob.read(AT_ONCE_BYTES), b""))
        finally:
            blob.close()
