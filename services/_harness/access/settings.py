"""What a service is told about who may call it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from mazemesh.client.addresses import is_loopback
from mazemesh.process.settings import ProcessSettings
from mazemesh.sqlite_url import sqlite_url

Keys = Literal["auto", "on", "off"]


class AccessSettings(ProcessSettings):
    """Settings of keys, certificates, limits and the audit log."""

    common: ClassVar[frozenset[str]] = ProcessSettings.common | {
        *("host", "database_url", "insecure", "keys", "keys_grace_seconds", "reflection"),
        *("tls_cert", "tls_key", "tls_client_ca", "calls_per_second", "mib_per_second"),
        *("calls_per_second_address", "paced_calls_per_second", "stranger_calls_per_second"),
        *("streams_per_key", "calls_under_way"),
    }

    host: str = Field(
        default="127.0.0.1", description="address to listen on; 0.0.0.0 is every interface"
    )
    database_url: str | None = Field(
        default=None,
        description="sqlite:///path or postgresql://user:password@host/name; "
        "not set is a SQLite file in the data folder",
    )
    redis_url: str | None = Field(
        default=None, description="redis://host:port/0; not set keeps all of it in memory"
    )
    insecure: bool = Field(
        default=False,
        description="lets it listen beyond this machine without TLS and without keys",
    )
    keys: Keys = Field(
        default="auto",
        description="whether callers need keys; auto is on where it listens beyond this machine",
    )
    keys_grace_seconds: float = Field(
        default=60.0,
        ge=5,
        le=86_400,
        description="how long known keys stay good while their database is away",
    )
    tls_cert: Path | None = Field(
        default=None, description="PEM file of its certificate, with those in between"
    )
    tls_key: Path | None = Field(default=None, description="PEM file of the certificate's key")
    tls_client_ca: Path | None = Field(
        default=None, description="PEM file of the CA of clients, who then need a certificate"
    )
    reflection: bool = Field(default=True, description="tells clients what its methods are")
    calls_per_second: int = Field(
        default=5_000, ge=20, le=1_000_000, description="calls of one key a second"
    )
    paced_calls_per_second: int = Field(
        default=1_000,
        ge=20,
        le=1_000_000,
        description="calls of one key a second while other keys call too; those beyond wait",
    )
    calls_per_second_address: int = Field(
        default=20_000, ge=20, le=10_000_000, description="calls from one address a second"
    )
    stranger_calls_per_second: int = Field(
        default=200,
        ge=20,
        le=1_000_000,
        description="calls from one address a second that carry no key or are refused",
    )
    mib_per_second: int = Field(
        default=1_024, ge=1, le=1_048_576, description="MiB that one key may send a second"
    )
    streams_per_key: int = Field(
        default=2_048, ge=1, le=1_000_000, description="streams that one key may have open"
    )
    calls_under_way: int = Field(
        default=1_024, ge=1, le=1_000_000, description="calls of one key that may be under way"
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @property
    def asks_for_keys(self) -> bool:
        """Whether callers need keys."""
        if self.keys != "auto":
            return self.keys == "on"
        return not self.is_loopback and not self.insecure

    @property
    def access_database_url(self) -> str:
        """Where keys are: the database of the services, or a file in the data folder."""
        return self.database_url or sqlite_url(self.data_dir / "access.sqlite")
