"""What a version says of collecting, as those need it who learn from agents of simulators."""

from __future__ import annotations

import numpy as np
from google.protobuf.message import DecodeError

from mazemesh.collecting import one_by_one
from mazemesh.collecting.acting import Acting, Collector
from mazemesh.collecting.shown import Shown
from mazemesh.games.spaces import Space
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.heads import distribution_of
from mazemesh.v1 import model_pb2 as pb
from mazemesh.wire.external_spaces import external_from_proto


class CollectionMethod:
    """A `Collection` of a game that a simulator plays (`services.model.external.trainee.Method`).

    Args:
        collection: That has the spaces.

    Raises:
        InvalidArgument: a space is wrong.
    """

    def __init__(self, collection: pb.Collection) -> None:
        self._collection = collection
        self.observation: Space
        self.action: Space
        self.observation, self.action = external_from_proto(
            collection.external, "collection.external"
        )
        self._shown = Shown(self.observation, self.action)
        self.table = collection.table
        self.batch_rows, self.batches_ahead = collection.batch_rows, collection.batches_ahead
        self.write_rows = collection.transition.write_rows
        self.explores_in_turn = one_by_one.explores_in_turn(collection)

    def acting(self, rows: int, rng: np.random.Generator) -> Acting:
        """How so many agents act."""
        return one_by_one.acting(self._collection, self._shown, rows, rng)

    def collector(self, rows: int, state_size: int) -> Collector:
        """What makes rows of experience of their steps."""
        return one_by_one.collector(self._collection, self._shown, rows, state_size)

    def deciding(self) -> Deciding:
        """What actions are drawn from."""
        drawn = distribution_of(self._collection.action_distribution, "collection")
        return Deciding(self.action, drawn)


def read_method(content: bytes) -> CollectionMethod | None:
    """The method of a version's collection; None where no simulator plays its game.

    Raises:
        InvalidArgument: what it says is wrong.
    """
    try:
        collection = pb.Collection.FromString(content)
    except DecodeError:
        return None
    return CollectionMethod(collection) if collection.HasField("external") else None
