"""Client of the Model service."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mazemesh.client.calling.pauses import jittered
from mazemesh.client.credentials import Credentials
from mazemesh.client.policies.experimenting import RETRIED, ExperimentingClient
from mazemesh.client.policies.inferring import variant_number
from mazemesh.client.policies.keeping import KEEPING_METHODS, KeepingClient
from mazemesh.errors import MazemeshError, NotFound, Unavailable
from mazemesh.policy.file.weights import Graph, WeightsError
from mazemesh.v1 import model_pb2 as pb

if TYPE_CHECKING:
    from mazemesh.client.aio.model import AsyncModel
    from mazemesh.external.kinds import AgentKind
    from mazemesh.external.simulator import Simulator

CHUNK_BYTES = 1024 * 1024
PUBLISH_DEADLINE = 60.0
DOWNLOAD_DEADLINE = 120.0

_SERVICE = "mazemesh.v1.ModelService"
_ATTEMPTS = 5
_PAUSE = 0.2


class ModelClient(KeepingClient, ExperimentingClient):
    """Publishes, fetches, lists, watches, asks and compares policies. Thread-safe.

    ```pycon
    >>> version, file = mesh.model.get("race:1")
    >>> version.collection.game, len(file) == version.size_bytes
    ('race', True)
    >>> import numpy as np
    >>> inputs = mesh.model.policy_signature("race:1").inputs.columns
    >>> asked = {one.name: one.shape for one in inputs}
    >>> seen = np.zeros((2, *asked["observation"]), np.uint8)
    >>> mesh.model.infer("race:1", {"observation": seen}, temperature=0)["action"].shape
    (2,)

    ```
    """

    def __init__(self, address: str, credentials: Credentials | None = None) -> None:
        # A publish always carries a request_id here, so it may be tried again; an alias may not.
        # Who begins to hold a name twice has a higher fence, and no more.
        methods = (
            "PublishPolicy",
            "GetPolicy",
            "ListPolicies",
            "HoldName",
            "GetAlias",
            "ListAliasHistory",
            "GetPolicySignature",
            "ResetSessions",
            *RETRIED,
            "GetDrift",
            *KEEPING_METHODS,
        )
        super().__init__(address, tuple((_SERVICE, method) for method in methods), credentials)
        self._known: dict[str, tuple[str, _Config]] = {}

    @property
    def aio(self) -> AsyncModel:
        """What people ask, for asyncio."""
        from mazemesh.client.aio.model import AsyncModel

        return AsyncModel(self)

    def publish(
        self, header: pb.PublishPolicyHeader, data: bytes, graph: Graph | None = None
    ) -> pb.PolicyVersion:
        """Publishes an ONNX file and waits until the version is ready.

        `graph` is that of the file, where versions of it are published again and again: what Model
        has in any case is not sent, and not checked again.

        `sha256`, `size_bytes` and `request_id` are filled in where the header has none. To try
        again after `Unavailable` or `DeadlineExceeded`, pass a header with a `request_id` of your
        own: the same one is published once.

        Raises:
            InvalidArgument: header, parity or file is malformed.
            FailedPrecondition: the file failed a check; the message names it with its number.
            Conflict: another run holds the name.
            ResourceExhausted: too much is being published; try again later.
        """
        request_id = header.request_id or uuid.uuid4().hex
        complete = _completed(header, data, request_id)
        # Only where Model took a file of this graph from here before.
        known, config = self._known.get(complete.name, ("", _Config()))
        if graph is not None and known == graph.sha256:
            weights = graph.weights_of(data)
            if weights is not None:
                try:
                    return self._publish(_weight_messages(complete, weights, graph, config))
                except NotFound:
                    self._known.pop(complete.name, None)
                    complete = _completed(header, data, request_id)
        version = self._publish(_messages(complete, data))
        config = _Config(version.config_sha256, dict(complete.config))
        self._known[complete.name] = version.graph_sha256, config
        return version

    def _publish(self, messages: Iterator[pb.PublishPolicyRequest]) -> pb.PolicyVersion:
        return self._call(self._stub.PublishPolicy, messages, PUBLISH_DEADLINE).policy

    def get(
        self,
        policy: str,
        if_none_match: str = "",
        graph: Graph | None = None,
        variant: str = "",
    ) -> tuple[pb.PolicyVersion, bytes | None]:
        """The version that `policy` ("name:12", "name:alias", "name") stands for, and its file.

        The file is None when its sha256 is `if_none_match`. A download that breaks is resumed
        where it broke, of the same version. Where the file is of `graph`, only its weights come,
        and are put into that. A `variant` ("fp16", "bf16", "int8") is another form of the file,
        whose sha256 is among the version's `variants`; then `graph` is not looked at.

        Raises:
            NotFound: no such policy or variant, or its file is not kept; the message tells what
                exists.
            Unavailable: the service stayed away, or the file that came is damaged.
        """
        version: pb.PolicyVersion | None = None
        data = bytearray()
        number = variant_number(variant)
        if variant:
            graph = None
        for attempt in range(_ATTEMPTS):
            wanted = f"{version.name}:{version.version}" if version else policy
            request = pb.GetPolicyRequest(
                policy=wanted,
                if_none_match=if_none_match,
                offset=len(data),
                graph_sha256="" if graph is None else graph.sha256,
                variant=number,
            )
            try:
                for response in self._stream(self._stub.GetPolicy, request, DOWNLOAD_DEADLINE):
                    if response.HasField("policy"):
                        version = response.policy
                    data += response.chunk
                break
            except Unavailable:
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(jittered(_PAUSE * 2**attempt))  # nothing tells when it is back
        if version is None:
            raise MazemeshError(f"{self.address} answered nothing for policy {policy!r}")
        sha256 = version.sha256
        if variant:
            sha256 = next((one.sha256 for one in version.variants if one.variant == number), "")
        if sha256 == if_none_match:
            return version, None
        if graph is not None and version.graph_sha256 == graph.sha256:
            data = bytearray(_filled(version, graph, bytes(data)))
        return version, _checked(version, sha256, bytes(data))

    def describe(self, policy: str) -> pb.PolicyVersion:
        """The version that `policy` stands for, in any state, without its file.

        Raises:
            NotFound: no such policy; the message tells what exists.
        """
        request = pb.GetPolicyRequest(policy=policy, metadata_only=True)
        for response in self._stream(self._stub.GetPolicy, request, DOWNLOAD_DEADLINE):
            return response.policy
        raise MazemeshError(f"{self.address} answered nothing for policy {policy!r}")

    def watch(
        self, name: str = "", since_revision: int = 0, graph_sha256: str = ""
    ) -> Iterator[pb.WatchPoliciesResponse]:
        """Changes after `since_revision` (0: from now on) as they come, heartbeats included.

        With a name and a graph, weights of its new versions come too, before they are visible.

        The first message after a quiet start is a heartbeat: the watch stands. Reconnect from the
        last `revision` seen. Closing the iterator ends the watch.

        Raises:
            Unavailable: the connection broke.
            FailedPrecondition: that revision is no longer kept; list, then watch from now on.
        """
        request = pb.WatchPoliciesRequest(
            name=name, since_revision=since_revision, graph_sha256=graph_sha256, together=True
        )
        return _one_by_one(self._stream(self._stub.WatchPolicies, request, None))

    def set_alias(
        self,
        name: str,
        alias: str,
        version: int,
        expected_revision: int,
        *,
        reason: str = "",
        mover: str = "",
        gate_id: str = "",
        previous_alias: str = "",
    ) -> pb.Alias:
        """Moves an alias by compare-and-swap on its revision (0: it does not exist yet).

        Args:
            name: Of the policy.
            alias: What moves.
            version: Where to.
            expected_revision: Of the alias as it was read.
            reason: Why, for the history.
            mover: Who, for the history; a key that is shown is kept beside it.
            gate_id: The gate that it follows from.
            previous_alias: Another alias, moved in the same step to where this one stood.

        Raises:
            NotFound: there is no such version.
            Conflict: the alias has another revision; the message tells it.
            FailedPrecondition: the version is not ready.
        """
        request = pb.SetAliasRequest(
            name=name,
            alias=alias,
            version=version,
            expected_revision=expected_revision,
            reason=reason,
            mover=mover,
            gate_id=gate_id,
            previous_alias=previous_alias,
        )
        return self._call(self._stub.SetAlias, request).alias

    def alias(self, name: str, alias: str) -> pb.GetAliasResponse | None:
        """An alias with its revision and its last move; None when it does not exist."""
        try:
            return self._call(self._stub.GetAlias, pb.GetAliasRequest(name=name, alias=alias))
        except NotFound:
            return None

    def alias_history(self, name: str, alias: str = "") -> Iterator[pb.AliasMove]:
        """Moves of an alias, or of all of the name, the last first."""
        request = pb.ListAliasHistoryRequest(name=name, alias=alias)
        while True:
            page = self._call(self._stub.ListAliasHistory, request)
            yield from page.moves
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def simulator(self, kinds: Mapping[str, AgentKind], **how: Any) -> Simulator:
        """A simulator that has its agents played here (`mazemesh.external`); opens a stream.

        Args:
            kinds: Of its agents, by name.
            how: As of `mazemesh.external.Simulator`.

        Raises:
            NotFound: a kind's policy is not there, for `policy_seconds`.
            FailedPrecondition: it has other spaces than the kind.
        """
        from mazemesh.external.simulator import Simulator

        return Simulator(self._stub.ExternalEpisodes, self.address, kinds, **how)

    def hold_name(self, request: pb.HoldNameRequest) -> pb.HoldNameResponse:
        """Begins, renews or ends a run's hold on a policy's name, as model.proto says.

        Raises:
            Conflict: another run holds it, or has taken it over; the message names it.
        """
        return self._call(self._stub.HoldName, request)


@dataclass(frozen=True)
class _Config:
    """What the last whole file of a name was published with, which need not be sent again."""

    sha256: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def _one_by_one(messages: Any) -> Iterator[pb.WatchPoliciesResponse]:
    with closing(messages):
        for message in messages:
            further = list(message.also)
            message.ClearField("also")
            yield message
            yield from further


def _completed(
    header: pb.PublishPolicyHeader, data: bytes, request_id: str
) -> pb.PublishPolicyHeader:
    complete = pb.PublishPolicyHeader()
    complete.CopyFrom(header)
    complete.request_id = request_id
    complete.sha256 = header.sha256 or hashlib.sha256(data).hexdigest()
    complete.size_bytes = header.size_bytes or len(data)
    return complete


def _messages(header: pb.PublishPolicyHeader, data: bytes) -> Iterator[pb.PublishPolicyRequest]:
    yield pb.PublishPolicyRequest(header=header)
    for start in range(0, len(data), CHUNK_BYTES):
        yield pb.PublishPolicyRequest(chunk=data[start : start + CHUNK_BYTES])


def _weight_messages(
    header: pb.PublishPolicyHeader, weights: bytes, graph: Graph, config: _Config
) -> Iterator[pb.PublishPolicyRequest]:
    """Says in the header what comes in place of the file, and sends it."""
    header.graph_sha256 = graph.sha256
    if config.sha256 and header.config == config.values:
        header.config_sha256 = config.sha256
        header.ClearField("config")
    if len(weights) + header.ByteSize() <= CHUNK_BYTES:
        header.weights = weights
        weights = b""
    yield from _messages(header, weights)


def _filled(version: pb.PolicyVersion, graph: Graph, weights: bytes) -> bytes:
    try:
        return graph.filled(weights)
    except WeightsError as error:
        raise Unavailable(f"{version.name}:{version.version} came damaged: {error}") from error


def _checked(version: pb.PolicyVersion, wanted: str, data: bytes) -> bytes:
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != wanted:
        raise Unavailable(
            f"{version.name}:{version.version} came with {len(data)} bytes that hash to {sha256}; "
            f"expected bytes with {wanted}"
        )
    return data
