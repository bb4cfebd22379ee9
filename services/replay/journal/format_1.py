"""What folders of format 1 have: messages of replay.proto as they were on the wire then.

Format 1 kept an insert as the RecordExperienceRequest that came, perhaps with a second field of
priorities behind it, and a table's definition as the message Table. Nothing writes it any more;
these fields of the contract may not change their meaning as long as such folders are read.
"""

from __future__ import annotations

import struct
from typing import Any

from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_record import decode_record
from mazemesh.wire.tensors import Signature
from services.replay.table.operations import Insert
from services.replay.table.spec import TableSpec
from services.replay.wire.convert import to_batch, to_spec

_KIND_AND_KEY = struct.Struct("<BQ")


def read_insert(body: memoryview, signature: Signature) -> Insert:
    """The insert in the body of a record."""
    _, first_key = _KIND_AND_KEY.unpack_from(body)
    request = decode_record(bytes(body[_KIND_AND_KEY.size :]))
    return Insert(to_batch(request, signature), first_key)


def read_definition(body: memoryview) -> TableSpec:
    """The definition of a table in a checkpoint."""
    return to_spec(pb.Table.FromString(bytes(body)))


def without_fingerprints(scalars: dict[str, Any]) -> None:
    """Forgets the fingerprints of batches, which were taken from bytes that are not kept now."""
    scalars["writers"] = [writer[:3] for writer in scalars["writers"]]
