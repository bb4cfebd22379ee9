"""The version that is on its way: its weights come before it is visible, and wait here for that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from mazemesh.policy.file.weights import Graph, WeightsError
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.model_pb2 import POLICY_STATE_READY, PolicyVersion, PolicyWeights

Arrived = tuple[PolicyVersion, OnnxPolicy]


class Coming:
    """Loads what comes, one at a time; only a version that the service tells of is given out.

    Args:
        graph: Of the files that come, None where it is not known: then nothing comes.
        load: A file, ready to be acted with.
    """

    def __init__(self, graph: Graph | None, load: Callable[[bytes], OnnxPolicy]) -> None:
        self._graph, self._load = graph, load
        self._sha256 = ""
        self._policy: OnnxPolicy | None = None
        self._description: PolicyVersion | None = None

    @property
    def graph_sha256(self) -> str:
        """Of the graph; empty where it is not known."""
        return "" if self._graph is None else self._graph.sha256

    def take(self, message: PolicyWeights) -> None:
        """Loads the file of these weights, in place of the one before.

        What does not hash to the file that it is said to be is left: the version will be fetched.
        """
        self._policy = self._description = None
        if self._graph is None:
            return
        try:
            file = self._graph.filled(message.weights)
        except WeightsError:
            return
        if hashlib.sha256(file).hexdigest() == message.sha256:
            self._sha256, self._policy = message.sha256, self._load(file)

    def describe(self, version: PolicyVersion) -> None:
        """The service tells of a version: perhaps of the one that came."""
        if version.sha256 == self._sha256 and version.state == POLICY_STATE_READY:
            self._description = version

    def arrived(self, number: int) -> Arrived | None:
        """The version of this number, if it is the one that came; it is given out once."""
        description, policy = self._description, self._policy
        if description is None or policy is None or description.version != number:
            return None
        self._policy = self._description = None
        reference = f"{description.name}:{number}"
        return description, policy.known_as(reference, greedy=description.q_values)
