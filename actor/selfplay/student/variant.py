"""Model as an actor sees it that wants versions in another form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from mazemesh.client.policies.inferring import variant_number
from mazemesh.policy.file.weights import Graph
from mazemesh.v1.model_pb2 import PolicyVersion, WatchPoliciesResponse


class VariantPeer(Protocol):
    """What is needed of the Model service (`mazemesh.client.model.ModelClient`)."""

    def describe(self, policy: str) -> PolicyVersion:
        """The version that a reference stands for."""
        ...

    def get(
        self,
        policy: str,
        if_none_match: str = "",
        graph: Graph | None = None,
        variant: str = "",
    ) -> tuple[PolicyVersion, bytes | None]:
        """The version and its file in a form, None when it is the one already at hand."""
        ...

    def watch(
        self, name: str = "", since_revision: int = 0, graph_sha256: str = ""
    ) -> Iterator[WatchPoliciesResponse]:
        """Events without end."""
        ...


class InForm:
    """Files in a form where their versions have it, else as they were published.

    Weights that are sent before their version are of files as they were published, so none come.

    Args:
        model: The Model service.
        kind: Of the form: "fp16", "bf16" or "int8".
    """

    def __init__(self, model: VariantPeer, kind: str) -> None:
        self._model, self._kind, self._number = model, kind, variant_number(kind)

    def get(
        self, policy: str, if_none_match: str = "", graph: Graph | None = None
    ) -> tuple[PolicyVersion, bytes | None]:
        """See `ModelPeer`; `if_none_match` is of the version's own file."""
        version = self._model.describe(policy)
        if not any(one.variant == self._number and one.sha256 for one in version.variants):
            return self._model.get(policy, if_none_match, graph)
        if version.sha256 == if_none_match:
            return version, None
        reference = f"{version.name}:{version.version}"
        version, data = self._model.get(reference, variant=self._kind)
        version.ClearField("graph_sha256")  # which is not that of this file
        return version, data

    def watch(
        self, name: str = "", since_revision: int = 0, graph_sha256: str = ""
    ) -> Iterator[WatchPoliciesResponse]:
        """Events without end, without weights."""
        return self._model.watch(name, since_revision)
