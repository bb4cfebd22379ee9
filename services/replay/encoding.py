"""Drawn rows -> the bytes of a GetExperienceBatchResponse, copying the columns only once.

Through the generated class a column is copied three times: to `bytes`, into the message and out of
it, which at a megabyte takes ten times as long. Here the small fields go through the class, and the
columns are put in front of them by hand: encodings that are concatenated are merged (protobuf.dev,
"Encoding", "Last One Wins").
"""

from __future__ import annotations

from mazemesh.client.experience_encoding import array_bytes, encode_columns
from mazemesh.protobuf_wire import Buffer, message_field
from mazemesh.v1 import replay_pb2 as pb
from services.replay.table import Sample, Updated


def encode_sample(sample: Sample, signature_hash: int, updated: Updated) -> bytes:
    """The wire form of drawn rows and of what became of the priorities that came before."""
    data: list[Buffer] = [array_bytes(column) for column in sample.columns]
    columns = encode_columns(signature_hash, len(sample.keys), data)
    rest = pb.GetExperienceBatchResponse(
        keys=sample.keys.tobytes(),
        probabilities=sample.probabilities.tobytes(),
        priorities=sample.priorities.tobytes(),
        policy_versions=sample.policy_versions.tobytes(),
        times_sampled=sample.times_sampled.tobytes(),
        table_size=sample.table_size,
        updated=updated.updated,
        stale=updated.stale,
        priority_mass=sample.priority_mass,
    )
    return b"".join([*message_field(1, columns), rest.SerializeToString()])
