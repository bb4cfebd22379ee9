"""Tables and rows for the tests of Replay over sockets."""

import asyncio

import numpy as np

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.tensors import Signature, to_columns

SIGNATURE = Signature.of(index=("int64", ()), observation=("uint8", (5, 5)), done=("bool", ()))
QUEUE = tables.queue("queue", SIGNATURE, 100)
PRIORITIZED = tables.prioritized(
    "prioritized",
    SIGNATURE,
    1000,
    alpha=1.0,
    min_size=10,
    samples_per_insert=100,
    error_buffer=1_000_000,
)


def rows(indices) -> dict[str, np.ndarray]:
    index = np.asarray(indices, np.int64)
    observation = np.repeat((index % 251).astype(np.uint8), 25).reshape(-1, 5, 5)
    return {"index": index, "observation": observation, "done": index % 2 == 1}


def wire(indices):
    return to_columns(SIGNATURE, rows(indices))


async def waiting(client: ReplayClient, inserts: int = 0, samples: int = 0) -> pb.TableInfo:
    """The first table, once so many calls wait at it."""
    while True:
        info = (await asyncio.to_thread(client.list_tables))[0]
        if (info.waiting_inserts, info.waiting_samples) == (inserts, samples):
            return info
