"""Named presets of Replay tables; `replay_pb2.Table` itself is the general form."""

from __future__ import annotations

from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.tensors import Signature


def prioritized(
    name: str,
    signature: Signature,
    capacity: int,
    *,
    alpha: float = 0.6,
    min_size: int,
    samples_per_insert: float,
    error_buffer: float,
) -> pb.Table:
    """Prioritized sampling, oldest rows leave first (Schaul et al. 2016).

    Args:
        name: Of the table.
        signature: Columns of a row.
        capacity: Rows.
        alpha: Exponent of the priorities; 0 is uniform.
        min_size: Rows that are needed before the first sample.
        samples_per_insert: How often a row is sampled on average.
        error_buffer: Samples by which that may be off, in both directions; at least
            max(1, samples_per_insert), and at least the size of the batches on either side.
    """
    sampler = pb.Selector(kind=pb.SELECTOR_KIND_PRIORITIZED, exponent=alpha)
    limits = min_size, samples_per_insert, error_buffer
    return _reused(name, signature, capacity, sampler, *limits)


def uniform(
    name: str,
    signature: Signature,
    capacity: int,
    *,
    min_size: int,
    samples_per_insert: float,
    error_buffer: float,
) -> pb.Table:
    """Every row as likely as any other, oldest rows leave first; arguments as of `prioritized`."""
    sampler = pb.Selector(kind=pb.SELECTOR_KIND_UNIFORM)
    limits = min_size, samples_per_insert, error_buffer
    return _reused(name, signature, capacity, sampler, *limits)


def queue(name: str, signature: Signature, capacity: int) -> pb.Table:
    """Each row is served exactly once, oldest first; while `capacity` rows wait, inserts do."""
    return pb.Table(
        name=name,
        signature=signature.to_proto(),
        capacity=capacity,
        sampler=pb.Selector(kind=pb.SELECTOR_KIND_FIFO),
        remover=pb.Selector(kind=pb.SELECTOR_KIND_FIFO),
        rate_limiter=pb.RateLimiter(
            min_size_to_sample=1, samples_per_insert=1.0, min_diff=0.0, max_diff=float(capacity)
        ),
        max_times_sampled=1,
    )


def _reused(
    name: str,
    signature: Signature,
    capacity: int,
    sampler: pb.Selector,
    min_size: int,
    samples_per_insert: float,
    error_buffer: float,
) -> pb.Table:
    """A table whose rows are drawn several times."""
    target = min_size * samples_per_insert
    return pb.Table(
        name=name,
        signature=signature.to_proto(),
        capacity=capacity,
        sampler=sampler,
        remover=pb.Selector(kind=pb.SELECTOR_KIND_FIFO),
        rate_limiter=pb.RateLimiter(
            min_size_to_sample=min_size,
            samples_per_insert=samples_per_insert,
            min_diff=target - error_buffer,
            max_diff=target + error_buffer,
        ),
    )
