"""What ListTables tells about a table."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.experience_record import totals_to_proto
from services.replay.hosting.hosted_table import HostedTable
from services.replay.wire.convert import from_spec


def to_info(hosted: HostedTable) -> pb.TableInfo:
    """A table's fill, counters and limiter state."""
    table, limiter = hosted.table, hosted.table.limiter
    return pb.TableInfo(
        table=from_spec(table.spec),
        size=table.size,
        inserts=limiter.inserts,
        samples=limiter.samples,
        deletes=limiter.deletes,
        dropped=table.dropped,
        stale_updates=table.stale_updates,
        diff=limiter.diff,
        waiting_inserts=len(hosted.inserting),
        waiting_samples=len(hosted.sampling),
        oldest_insert_wait_time=_timestamp(hosted.inserting.oldest_since),
        oldest_sample_wait_time=_timestamp(hosted.sampling.oldest_since),
        insert_wait=_duration(hosted.inserting.waited_seconds),
        sample_wait=_duration(hosted.sampling.waited_seconds),
        bytes=table.bytes,
        log_bytes=hosted.log.tail_bytes,
        priority_mass=table.priority_mass,
        episodes=totals_to_proto(hosted.episodes),
    )


def _timestamp(seconds: float | None) -> Timestamp | None:
    if seconds is None:
        return None
    message = Timestamp()
    message.FromNanoseconds(int(seconds * 1e9))
    return message


def _duration(seconds: float) -> Duration:
    message = Duration()
    message.FromNanoseconds(int(seconds * 1e9))
    return message
