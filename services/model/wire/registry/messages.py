"""Messages of model.proto to the registry's nouns and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.names import POLICY
from mazemesh.v1 import model_pb2 as pb
from services.model.registry.leases import Claim
from services.model.registry.policy import (
    Alias,
    Event,
    Lease,
    State,
    Submission,
    Variant,
    Version,
)
from services.model.wire.registry.lineage_messages import read_config
from services.model.wire.texts import text

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_STATES: Final = {
    State.READY: pb.POLICY_STATE_READY,
    State.REJECTED: pb.POLICY_STATE_REJECTED,
    State.RETIRED: pb.POLICY_STATE_RETIRED,
}
_VARIANTS: Final = {
    "": pb.POLICY_VARIANT_UNSPECIFIED,
    "fp16": pb.POLICY_VARIANT_FP16,
    "bf16": pb.POLICY_VARIANT_BF16,
    "int8": pb.POLICY_VARIANT_INT8,
}
_KINDS: Final[dict[int, str]] = {number: kind for kind, number in _VARIANTS.items()}
_MAX_ID: Final = 128
_TOGETHER_BYTES: Final = 1024 * 1024
"""Of events in one message, after which it takes no more."""
_MAX_METADATA_BYTES: Final = 64 * 1024
_MAX_METADATA_KEYS: Final = 1000
_MAX_COLLECTION_BYTES: Final = 64 * 1024


def read_header(header: pb.PublishPolicyHeader, max_bytes: int) -> Submission:
    """What the header says; the spec's hash is left empty, for only Game can tell it.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    config, config_sha256 = read_config(header)
    return Submission(
        name=POLICY.check("name", header.name),
        request_id=_short("request_id", header.request_id),
        run_id=_short("run_id", header.run_id),
        training_step=_not_negative("training_step", header.training_step),
        parent_version=_not_negative("parent_version", header.parent_version),
        snapshot=header.snapshot,
        collection=_collection(header.collection),
        spec_hash="",
        sha256=_sha256(header.sha256),
        size_bytes=_size(header.size_bytes, max_bytes),
        metadata=_metadata(dict(header.metadata)),
        q_values=header.q_values or _collects_q_values(header.collection),
        code_version=_short("code_version", header.code_version),
        config=config,
        config_sha256=config_sha256,
    )


def read_claim(request: pb.HoldNameRequest) -> Claim:
    """What the request wants of a name.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    if not request.owner:
        raise InvalidArgument("owner is empty; expected what tells the run from all others")
    if request.release and not request.fence:
        raise InvalidArgument("release without a fence; expected the one that the name is held by")
    return Claim(
        name=POLICY.check("name", request.name),
        owner=_short("owner", request.owner),
        run_id=_short("run_id", request.run_id),
        place=_short("place", request.place),
        fence=_not_negative("fence", request.fence),
        take_over=request.take_over,
        release=request.release,
    )


def lease_message(lease: Lease, seconds: float) -> pb.HoldNameResponse:
    """A hold on a name on the wire."""
    return pb.HoldNameResponse(fence=lease.fence, seconds=seconds)


def version_message(version: Version) -> pb.PolicyVersion:
    """A version on the wire."""
    created = Timestamp()
    created.FromDatetime(version.created)
    message = pb.PolicyVersion(
        name=version.name,
        version=version.number,
        state=_STATES[version.state],
        run_id=version.run_id,
        training_step=version.training_step,
        parent_version=version.parent_version,
        snapshot=version.snapshot,
        spec_hash=version.spec_hash,
        sha256=version.sha256,
        size_bytes=version.size_bytes,
        create_time=created,
        metadata=version.metadata,
        rejection=version.rejection,
        aliases=version.aliases,
        revision=version.revision,
        q_values=version.q_values,
        checked=version.checked,
        graph_sha256=version.graph_sha256,
        code_version=version.code_version,
        game_hash=version.game_hash,
        config_sha256=version.config_sha256,
    )
    if version.variants:
        message.variants.extend(map(_variant_message, version.variants))
    if version.collection:
        message.collection.ParseFromString(version.collection)
        # Of versions from before it was kept.
        message.q_values = version.q_values or _collects_q_values(message.collection)
    return message


def read_variant(value: int) -> str:
    """A form of a file that a request names, by its kind; empty: the file as it was published.

    Raises:
        InvalidArgument: there is no such form.
    """
    try:
        return _KINDS[value]
    except KeyError:
        known = ", ".join(f"{number} ({kind or 'the file'})" for number, kind in _KINDS.items())
        raise InvalidArgument(f"variant is {value}; expected {known}") from None


def read_variants(values: Sequence[int]) -> tuple[str, ...]:
    """The forms that a header asks for.

    Raises:
        InvalidArgument: one of them is none, or is there twice.
    """
    kinds = tuple(map(read_variant, values))
    if "" in kinds or len(set(kinds)) < len(kinds):
        raise InvalidArgument(f"variants is {list(values)}; expected each form of a file once")
    return kinds


def variant_number(kind: str) -> pb.PolicyVariant:
    """A form on the wire."""
    return _VARIANTS[kind]


def _variant_message(one: Variant) -> pb.PolicyVariantFile:
    return pb.PolicyVariantFile(
        variant=_VARIANTS[one.kind],
        sha256=one.sha256,
        size_bytes=one.size_bytes,
        largest_difference=one.largest_difference,
        same_choices=one.same_choices,
        rows=one.rows,
        rejection=one.rejection,
    )


def joined(messages: Sequence[pb.WatchPoliciesResponse]) -> Iterator[pb.WatchPoliciesResponse]:
    """The same events in fewer messages, for who takes several in one."""
    together, size = None, 0
    for message in messages:
        if together is None or size > _TOGETHER_BYTES:
            if together is not None:
                yield together
            together, size = pb.WatchPoliciesResponse(), message.ByteSize()
            together.CopyFrom(message)
        else:
            together.also.append(message)
            size += message.ByteSize()
    if together is not None:
        yield together


def weights_message(revision: int, sha256: str, weights: bytes) -> pb.WatchPoliciesResponse:
    """Weights of a version to come, for those who watch."""
    held = pb.PolicyWeights(sha256=sha256, weights=weights)
    return pb.WatchPoliciesResponse(revision=revision, weights=held)


def read_graph(sha256: str) -> str:
    """A graph that a request names; empty where it names none.

    Raises:
        InvalidArgument: it is no sha256.
    """
    if sha256 and not _SHA256.fullmatch(sha256):
        raise InvalidArgument(
            f"graph_sha256 is {sha256[:80]!r}; expected 64 digits of 0-9, a-f, or nothing"
        )
    return sha256


def alias_message(alias: Alias) -> pb.Alias:
    """An alias on the wire."""
    return pb.Alias(
        name=alias.name, alias=alias.alias, version=alias.number, revision=alias.revision
    )


def event_message(event: Event, spread_seconds: float = 0.0) -> pb.WatchPoliciesResponse:
    """A change on the wire, and in which time those who hear of it are to fetch the file."""
    message = pb.WatchPoliciesResponse(revision=event.revision, spread_seconds=spread_seconds)
    if isinstance(event.subject, Alias):
        message.alias.CopyFrom(alias_message(event.subject))
    else:
        message.policy.CopyFrom(version_message(event.subject))
    return message


def _collects_q_values(collection: pb.Collection) -> bool:
    if collection.HasField("transition"):
        return collection.transition.choosing == pb.CHOOSING_UNSPECIFIED
    return collection.HasField("sequence")


def _collection(collection: pb.Collection) -> bytes:
    data = collection.SerializeToString(deterministic=True)
    if len(data) > _MAX_COLLECTION_BYTES:
        raise InvalidArgument(
            f"collection has {len(data)} bytes; at most {_MAX_COLLECTION_BYTES} are allowed"
        )
    return data


def _short(field: str, value: str) -> str:
    return text(field, value, _MAX_ID)


def _not_negative(field: str, value: int) -> int:
    if value < 0:
        raise InvalidArgument(f"{field} is {value}; expected 0 or more")
    return value


def _sha256(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise InvalidArgument(f"sha256 is {value[:80]!r}; expected 64 digits of 0-9, a-f")
    return value


def _size(value: int, largest: int) -> int:
    if not 0 < value <= largest:
        raise InvalidArgument(
            f"size_bytes is {value}; expected 1..{largest} (the service's max_policy_bytes)"
        )
    return value


def _metadata(metadata: dict[str, str]) -> dict[str, str]:
    if len(metadata) > _MAX_METADATA_KEYS:
        raise InvalidArgument(
            f"metadata has {len(metadata)} keys; at most {_MAX_METADATA_KEYS} are allowed"
        )
    size = sum(len(key) + len(value) for key, value in metadata.items())
    if size > _MAX_METADATA_BYTES:
        raise InvalidArgument(
            f"metadata has {size} characters; at most {_MAX_METADATA_BYTES} are allowed"
        )
    return metadata
