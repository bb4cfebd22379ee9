"""The two calls of Replay that carry experience: they take and give encoded bytes."""

from __future__ import annotations

from typing import Any

import grpc

from mazemesh.v1 import replay_pb2 as pb

_SERVICE = "/mazemesh.v1.ReplayService/"


class ExperienceCalls:
    """Multi-callables as on a generated stub.

    Attributes:
        address: host:port, for messages.
        record: bytes of a RecordExperienceRequest -> RecordExperienceResponse.
        sample: GetExperienceBatchRequest -> bytes of a GetExperienceBatchResponse.
    """

    def __init__(self, channel: grpc.Channel, address: str) -> None:
        self.address = address
        self.record: Any = channel.unary_unary(
            _SERVICE + "RecordExperience",
            response_deserializer=pb.RecordExperienceResponse.FromString,
        )
        self.sample: Any = channel.unary_unary(
            _SERVICE + "GetExperienceBatch",
            request_serializer=pb.GetExperienceBatchRequest.SerializeToString,
        )
