"""Graphs that weights may come for, and files that were published a moment ago: in memory.

What is here is here for speed alone: all of it is read from the store again where it is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from mazemesh.errors import NotFound
from mazemesh.policy.file.weights import Graph
from services.model.registry.policy import Version

T = TypeVar("T")

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of the graphs, and of the files, that are remembered; one alone may have more."""

MOST_NAMES: Final = 64
"""Policies whose newest weights are remembered for those who watch."""

MOST_SENT_BYTES: Final = 1024 * 1024
"""Of weights that are sent to those who watch; larger ones they fetch."""


class Graphs:
    """Graphs by their hashes.

    Args:
        latest: The version that `latest` of a name stands for, None where there is none.
        file: A version's file.
    """

    def __init__(
        self,
        latest: Callable[[str], Awaitable[Version | None]],
        file: Callable[[Version], Awaitable[bytes]],
        split: Callable[[bytes], Awaitable[Graph | None]],
    ) -> None:
        self._latest, self._file, self._split = latest, file, split
        self._known: OrderedDict[str, Graph] = OrderedDict()

    def remember(self, graph: Graph) -> None:
        """Keeps a graph of a file that was checked."""
        self._known[graph.sha256] = graph
        self._known.move_to_end(graph.sha256)
        _trim(self._known, lambda one: len(one.template))

    def get(self, sha256: str) -> Graph | None:
        """The graph, if it is remembered."""
        return self._known.get(sha256)

    async def of(self, version: Version) -> Graph | None:
        """The graph of a version's file; None where it is not told."""
        if not version.graph_sha256:
            return None
        graph = self._known.get(version.graph_sha256)
        if graph is None:
            graph = await self._split(await self._file(version))
            if graph is not None:
                self.remember(graph)
        return graph

    async def find(self, name: str, sha256: str) -> Graph:
        """The graph that weights of a new version of the name come for.

        Raises:
            NotFound: no version that is known here has it.
        """
        graph = self._known.get(sha256)
        if graph is None:
            latest = await self._latest(name)
            if latest is not None and latest.graph_sha256 == sha256:
                graph = await self.of(latest)
        if graph is None or graph.sha256 != sha256:
            raise NotFound(
                f"graph_sha256 {sha256} is not that of {name}:latest; publish the whole file"
            )
        return graph


class RecentFiles:
    """Files by their hashes, as they were published."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def put(self, sha256: str, file: bytes) -> None:
        """Keeps a file."""
        self._files[sha256] = file
        _trim(self._files, len)

    def get(self, sha256: str) -> bytes | None:
        """The file, if it is remembered."""
        return self._files.get(sha256)


class Newest:
    """The newest weights of each name, for those who watch."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, tuple[str, tuple[str, bytes]]] = OrderedDict()

    def put(self, name: str, graph_sha256: str, sha256: str, weights: bytes) -> None:
        """Keeps the weights of a file in place of those before, if they may be sent at all."""
        if len(weights) > MOST_SENT_BYTES:
            return
        self._by_name[name] = graph_sha256, (sha256, weights)
        self._by_name.move_to_end(name)
        while len(self._by_name) > MOST_NAMES:
            self._by_name.popitem(last=False)

    def of(self, name: str, graph_sha256: str) -> tuple[str, bytes] | None:
        """The file's sha256 and the weights, where they are of this graph; new ones are new."""
        found = self._by_name.get(name)
        return found[1] if found is not None and found[0] == graph_sha256 else None


def _trim(kept: OrderedDict[str, T], size: Callable[[T], int]) -> None:
    total = sum(map(size, kept.values()))
    while total > MOST_BYTES and len(kept) > 1:
        _, gone = kept.popitem(last=False)
        total -= size(gone)
