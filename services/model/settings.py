"""What the Model service can be told."""

from typing import ClassVar

from pydantic import Field

from mazemesh.client.addresses import Addresses
from services._harness import Port, ServiceSettings

MEBIBYTE = 1024 * 1024


class ModelSettings(ServiceSettings):
    """Settings of the Model service; environment variables MAZEMESH_MODEL_*."""

    component: ClassVar[str] = "model"

    port: Port = Field(50053, description="port of the gRPC server; 0 takes a free one")
    game_address: str = Field(
        Addresses.local().game,
        description="host:port of the Game service, which knows the games that policies play",
    )
    max_policy_bytes: int = Field(256 * MEBIBYTE, gt=0, description="largest ONNX file, in bytes")
    keep_versions: int = Field(
        20,
        ge=0,
        description="newest versions of each name whose files stay; snapshots and versions with an "
        "alias stay anyway and do not count",
    )
    keep_events: int = Field(
        10_000, ge=1, description="newest changes that a watch can resume from"
    )
    heartbeat_seconds: float = Field(
        20.0, gt=0, le=3600, description="longest silence on a watch without changes"
    )
