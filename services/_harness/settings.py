"""What every service can be told, beyond what every process can."""

import uuid
from typing import ClassVar, TypeVar

from pydantic import Field, PrivateAttr, field_validator

from mazemesh.process.blob_settings import BlobSettings
from mazemesh.process.settings import Port
from mazemesh.sqlite_url import sqlite_url
from services._harness.access.settings import AccessSettings


class ServiceSettings(AccessSettings, BlobSettings):
    """Settings that all services share; `component` is also the name of its SQLite file."""

    common: ClassVar[frozenset[str]] = (
        AccessSettings.common
        | BlobSettings.common
        | {
            "drain_seconds",
            "max_connection_age_seconds",
            "database_connections",
            "database_statement_seconds",
            "database_lock_seconds",
        }
    )

    max_pending_calls: ClassVar[int] = 1000
    """Calls that wait to be begun; of more, gRPC cancels some (CANCELLED, without a word)."""

    max_request_bytes: ClassVar[int] = 64 * 1024 * 1024
    """The largest message that the service takes; a larger one is RESOURCE_EXHAUSTED."""

    # Made and not told: two instances of one name would take each other's leases for their own.
    _instance: str = PrivateAttr(default_factory=lambda: uuid.uuid4().hex[:16])

    port: Port
    database_connections: int = Field(
        default=4,
        ge=1,
        le=100,
        description="connections that this instance holds to PostgreSQL, beside one for notices",
    )
    database_statement_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="longest time of one statement in PostgreSQL"
    )
    database_lock_seconds: float = Field(
        default=10.0, gt=0, le=3600, description="longest wait for one lock in PostgreSQL"
    )
    drain_seconds: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="how long calls in flight may take to finish when stopping",
    )

    max_connection_age_seconds: float = Field(
        default=300.0,
        ge=0.1,
        le=86_400,
        description="after which clients connect anew, so that new instances get calls; what runs "
        "on the old connection goes on to its end",
    )

    @property
    def instance(self) -> str:
        """This instance of the service, in logs, metrics, leases and claims; random."""
        return self._instance

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        return value.removeprefix("[").removesuffix("]")

    @property
    def effective_database_url(self) -> str:
        """`database_url`, or the URL of this service's SQLite file in the data folder."""
        return self.database_url or sqlite_url(self.data_dir / f"{self.component}.sqlite")


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
