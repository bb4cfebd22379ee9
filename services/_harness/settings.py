"""What every service can be told, beyond what every process can."""

from typing import ClassVar, TypeVar

from pydantic import Field, field_validator

from mazemesh.process.settings import Port, ProcessSettings
from mazemesh.sqlite_url import sqlite_url


class ServiceSettings(ProcessSettings):
    """Settings that all services share; `component` is also the name of its SQLite file."""

    common: ClassVar[frozenset[str]] = ProcessSettings.common | {
        "host",
        "database_url",
        "drain_seconds",
        "database_connections",
        "database_statement_seconds",
        "database_lock_seconds",
        "max_connection_age_seconds",
    }

    max_request_bytes: ClassVar[int] = 64 * 1024 * 1024
    """The largest message that the service takes; a larger one is RESOURCE_EXHAUSTED."""

    host: str = Field(
        default="127.0.0.1", description="address to listen on; 0.0.0.0 is every interface"
    )
    port: Port
    database_url: str | None = Field(
        default=None,
        description="sqlite:///path or postgresql://user:password@host/name; "
        "not set is a SQLite file in the data folder",
    )
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

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        return value.removeprefix("[").removesuffix("]")

    @property
    def effective_database_url(self) -> str:
        """`database_url`, or the URL of this service's SQLite file in the data folder."""
        return self.database_url or sqlite_url(self.data_dir / f"{self.component}.sqlite")


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
