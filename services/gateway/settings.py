"""Settings of the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from mazemesh.client.addresses import Addresses
from services._harness import Port
from services.gateway.jobs.settings import JobSettings

_PEERS = Addresses.local()


class GatewaySettings(JobSettings):
    """Environment MAZEMESH_GATEWAY_*."""

    component: ClassVar[str] = "gateway"

    max_request_bytes: ClassVar[int] = 16 * 1024 * 1024

    port: Port = Field(50060, description="port of the HTTP server; 0 takes a free one")
    game_address: str = Field(_PEERS.game, description="host:port of the Game service")
    matchmaker_address: str = Field(
        _PEERS.matchmaker, description="host:port of the Matchmaker service"
    )
    model_address: str = Field(_PEERS.model, description="host:port of the Model service")
    elo_address: str = Field(_PEERS.elo, description="host:port of the Elo service")
    replay_address: str = Field(
        _PEERS.replay, description="host:port of the Replay service; of shards, all of them"
    )
    mlflow_url: str | None = Field(
        None,
        description="http://host:5000 of an MLflow tracking server; not set is the database of the "
        "data folder, `none` the runs' own journals alone",
    )
    clients: PositiveInt = Field(
        256, description="keys whose clients of the services are held at once"
    )
    call_threads: int = Field(
        32, ge=1, le=1024, description="calls to services that wait at the same time"
    )
    curves_megabytes: int = Field(
        512, ge=16, le=1_000_000, description="of memory for figures of runs; more are read again"
    )
    max_feeds: PositiveInt = Field(
        1024, description="topics that are watched at once, for all browsers together"
    )
    max_sockets: PositiveInt = Field(2048, description="WebSockets that are open at once")
    max_sockets_per_key: PositiveInt = Field(
        256, description="WebSockets of one key at once, or of one address without a key"
    )
    socket_send_seconds: PositiveFloat = Field(
        15.0, description="after which a browser that takes nothing in is dropped"
    )
    longest_wait_seconds: PositiveFloat = Field(
        60.0, le=300.0, description="for which an answer is held back, whatever is asked for"
    )
    origins: tuple[str, ...] = Field(
        (),
        description="further sites whose pages may open sockets and send commands, as "
        '["https://mesh.example.org"]; where a proxy changes the Host header',
    )
    max_partners: PositiveInt = Field(
        64, description="policies that play people in browsers at one time"
    )
    requests_per_second: int = Field(
        300, ge=1, le=1_000_000, description="requests of one key a second"
    )
    requests_per_second_address: int = Field(
        1_000, ge=1, le=1_000_000, description="requests from one address a second"
    )
    stranger_requests_per_second: int = Field(
        50,
        ge=1,
        le=1_000_000,
        description="requests from one address a second without a key, where keys are asked for",
    )
    commands_per_minute: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="commands (POST, PUT, DELETE) of one key a minute, or of one address where no "
        "keys are asked for",
    )
    cookie_secret: str | None = Field(
        None,
        repr=False,
        description="seals login cookies; of several instances the same: 32 bytes in URL-safe "
        "base64. Not set is one that is kept in the data folder",
    )
    oidc_issuer: str | None = Field(
        None,
        description="URL of an OpenID provider by whom people may log in to the console (extra "
        "`oidc`)",
    )
    oidc_client_id: str = Field("", description="as the provider knows this gateway")
    oidc_client_secret: str = Field("", repr=False, description="what it shows the provider")
    oidc_claim: str = Field(
        "groups", description="claim of the ID token that decides which key a person acts with"
    )
    oidc_keys: dict[str, Path] = Field(
        {},
        description="file with an API key for each value of the claim, the first that fits wins: "
        '{"researchers": "/etc/mazemesh/trainer.key", "*": "/etc/mazemesh/viewer.key"}; * is '
        "everybody whom the provider knows",
    )
    public_url: str | None = Field(
        None, description="where browsers find the gateway, as the provider knows it"
    )
    session_hours: PositiveFloat = Field(
        12.0, le=720.0, description="after which a person logs in to the console again"
    )

    @property
    def addresses(self) -> Addresses:
        """Where the services are."""
        return Addresses(
            self.game_address,
            self.matchmaker_address,
            self.model_address,
            self.elo_address,
            self.replay_address,
        )
