"""Policies from the Model service: one by its name, and a bounded cache of versions.

Files come from Model alone, which has validated each in a confined process, and whose client has
compared their hashes: they are opened here without a further check.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from mazemesh.errors import FailedPrecondition, NotFound
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1.model_pb2 import PolicyVersion


class PolicySource(Protocol):
    """What is needed of the Model service (`mazemesh.client.model.ModelClient`)."""

    def get(self, policy: str, if_none_match: str = "") -> tuple[PolicyVersion, bytes | None]:
        """The version and its file, None when it is the one already at hand."""
        ...


class VariantSource(Protocol):
    """The same, of files in other forms too."""

    def get(self, policy: str, *, variant: str = "") -> tuple[PolicyVersion, bytes | None]:
        """The version and its file in a form."""
        ...


def check_spec(description: PolicyVersion, spec_hash: str) -> None:
    """Raises FailedPrecondition when a policy was trained for another spec; empty: for any."""
    if spec_hash not in ("", description.spec_hash):
        raise FailedPrecondition(
            f"policy {description.name}:{description.version} was trained for other observations "
            f"or actions: its spec_hash is {description.spec_hash}, and that of the game played "
            f"here {spec_hash}"
        )


def fetch_policy(
    model: VariantSource, reference: str, *, spec_hash: str = "", variant: str = ""
) -> OnnxPolicy:
    """The policy that "name:version", "name:alias" or "name" stands for, loaded.

    ```pycon
    >>> from mazemesh.policy import fetch_policy
    >>> fetch_policy(mesh.model, "race:1").version
    1

    ```

    Args:
        model: The Model service, such as `mazemesh.connect().model`.
        reference: What to load; the policy's own `reference` has the version written out.
        spec_hash: What it must have been trained for (`GameSpec.spec_hash`); empty: anything.
        variant: The form of its file ("fp16", "bf16", "int8"); empty: as it was published.

    Raises:
        NotFound: no such version or variant, or its file was collected.
        FailedPrecondition: it was trained for other observations or actions.
    """
    return _opened(*model.get(reference, variant=variant), reference, spec_hash)


def _opened(
    description: PolicyVersion, data: bytes | None, reference: str, spec_hash: str
) -> OnnxPolicy:
    if data is None:
        raise NotFound(f"policy {reference} has no file any more")
    check_spec(description, spec_hash)
    exact = f"{description.name}:{description.version}"
    return OnnxPolicy(exact, data, greedy=description.q_values)


class PolicyCache:
    """Loaded versions by "name:version", the least recently used dropped first.

    Policies are immutable, so a cached one is never stale.

    Args:
        model: The Model service.
        capacity: Versions kept.
        spec_hash: What policies must have been trained for; empty: anything.
    """

    def __init__(self, model: PolicySource, capacity: int = 48, *, spec_hash: str = "") -> None:
        self._model = model
        self._capacity = capacity
        self._spec_hash = spec_hash
        self._loaded: OrderedDict[str, OnnxPolicy] = OrderedDict()

    def get(self, reference: str) -> OnnxPolicy:
        """The policy under an exact version.

        Raises:
            NotFound: no such version, or its file was collected.
            FailedPrecondition: it was trained for other observations or actions.
        """
        policy = self._loaded.get(reference)
        if policy is None:
            found = self._model.get(reference)
            policy = self._loaded[reference] = _opened(*found, reference, self._spec_hash)
            while len(self._loaded) > self._capacity:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(reference)
        return policy
