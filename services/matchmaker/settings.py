"""Settings of the Matchmaker service."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator

from mazemesh.client.addresses import Addresses, split_addresses
from mazemesh.game_names import check_game_name
from mazemesh.process.settings import GameNames
from services._harness import Port, ServiceSettings
from services.matchmaker.training.opponents import Curve

_PEERS = Addresses.local()
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class MatchmakerSettings(ServiceSettings):
    """Environment MAZEMESH_MATCHMAKER_*. Ratings and widths are in Elo."""

    component: ClassVar[str] = "matchmaker"

    max_request_bytes: ClassVar[int] = 4 * 1024 * 1024

    port: Port = Field(50052, description="port of the gRPC server; 0 takes a free one")
    game_address: str = Field(
        _PEERS.game,
        description="host:port of the Game service; of several instances, separated by commas, "
        "each gets matches in turn",
    )
    model_address: str = Field(_PEERS.model, description="host:port of the Model service")
    elo_address: str = Field(_PEERS.elo, description="host:port of the Elo service")
    public_game_address: str | None = Field(
        None,
        description="host:port of Game as matched players reach it, of several instances in the "
        "order of game_address; not set is game_address. What an instance says of itself "
        "(MAZEMESH_GAME_PUBLIC_ADDRESS) comes first",
    )

    latest_share: Share = Field(0.5, description="training opponents: the latest version itself")
    pfsp_share: Share = Field(0.38, description="training opponents: snapshots by PFSP")
    bots_share: Share = Field(0.12, description="training opponents: bots")
    pfsp_curve: Curve = Field("hard", description="hard: (1-w)^power; even: w(1-w)")
    pfsp_power: PositiveFloat = Field(2.0, description="exponent of the hard curve")
    pfsp_pool: PositiveInt = Field(32, description="snapshots that PFSP draws from at most")
    outcome_half_life: PositiveFloat = Field(
        200.0, description="games after which an outcome weighs half in a win rate"
    )
    outcome_flush_seconds: PositiveFloat = Field(
        2.0, description="how long outcomes and completions may be volatile"
    )

    games: GameNames = Field(
        ("race",),
        description="games whose bots are rated before any policy is, separated by commas or "
        "spaces, or a list in JSON; by spaces or JSON where a name has arguments",
    )
    lease_seconds: PositiveFloat = Field(120.0, description="time a worker has for a rating match")
    max_attempts: PositiveInt = Field(5, description="leases after which a match is abandoned")
    cooldown_seconds: PositiveFloat = Field(
        30.0, description="how long snapshots rest after an abandoned match; doubles each time"
    )
    cooldown_ceiling_seconds: PositiveFloat = Field(3600.0, description="longest such rest")
    max_outstanding: PositiveInt = Field(
        64, description="rating matches of one ladder that are under way at once"
    )
    max_policy_matches: PositiveInt = Field(
        64, description="rating matches of one snapshot that are under way at once"
    )
    max_worker_matches: int = Field(
        256, ge=1, le=4096, description="rating matches that one worker holds at once"
    )
    keep_ended_seconds: PositiveFloat = Field(
        3600.0, description="how long an ended match is remembered"
    )
    uniform_share: float = Field(
        0.07,
        ge=0.0,
        le=0.25,
        description="rating matches that are drawn uniformly among all versions",
    )
    placement_share: float = Field(
        0.4, gt=0.0, le=0.5, description="rating matches for versions without a result"
    )
    starved_share: float = Field(
        0.1, ge=0.0, le=0.25, description="rating matches for versions that were left out"
    )
    starved_matches: PositiveInt = Field(
        100, description="matches on its ladder after which a version without one was left out"
    )
    champion_share: float = Field(
        0.1, ge=0.0, le=0.25, description="rating matches for champions that have too few"
    )
    champion_matches: PositiveInt = Field(100, description="rating matches of a champion at least")
    anchor_matches: int = Field(20, ge=0, description="rating matches of each pair of bots")
    anchor_seconds: PositiveFloat = Field(
        5.0, description="how often is looked whether bots have yet to meet on a ladder"
    )
    target_half_width: PositiveFloat = Field(
        40.0, description="half-width of the 95 % interval that is narrow enough"
    )
    min_matches: PositiveInt = Field(30, description="rating matches of a snapshot at least")
    max_matches: PositiveInt = Field(400, description="rating matches of a snapshot at most")
    audit_seconds: PositiveFloat = Field(
        10.0, description="how often is looked at what workers completed"
    )
    suspect_significance: float = Field(
        1e-6,
        gt=0.0,
        le=0.01,
        description="chance of contradicting other workers' results as much, below which a worker "
        "is put in quarantine",
    )
    audit_step_seconds: float = Field(
        2e-5, ge=0.0, description="time of a step of a game at the least; 0 believes any"
    )
    audit_recordings: Share = Field(
        0.02, description="completed matches whose recordings are played once more"
    )
    temperature: float = Field(
        1.0,
        ge=0.0,
        description="temperature of draws from logits in rating matches; 0 is greedy, as "
        "Q-networks always are",
    )
    retry_seconds: PositiveFloat = Field(1.0, description="retry hint when all is under way")
    settled_retry_seconds: PositiveFloat = Field(
        5.0, description="retry hint when every rating is narrow enough"
    )

    automatic_gates: bool = Field(
        True,
        description="start a gate by itself for a snapshot that is rated above its policy's "
        "champion, which it becomes by passing",
    )
    automatic_gate_elo1: float = Field(
        50.0, gt=0.0, le=200.0, description="normalized Elo at which such a snapshot should pass"
    )
    automatic_gate_matches: int = Field(
        400, ge=1, le=1_000_000, description="matches of such a gate at most"
    )
    max_gates: PositiveInt = Field(16, description="gates that run at once")
    gate_outstanding: PositiveInt = Field(
        16, description="matches of one gate that are under way at once"
    )
    gate_memory_matches: int = Field(
        4, ge=0, le=1000, description="matches of a gate against each ancestor"
    )
    gate_seconds: PositiveFloat = Field(
        1.0, description="how often Elo is asked about gates that run"
    )
    gate_look_seconds: PositiveFloat = Field(
        5.0, description="how often is looked for snapshots that are to have a gate"
    )
    gate_rounds: int = Field(
        3, ge=0, description="how often abandoned matches of a gate are issued anew"
    )
    gate_patience_seconds: PositiveFloat = Field(
        600.0, description="how long Elo may not know a gate's match that was played"
    )

    max_tournaments: PositiveInt = Field(16, description="tournaments that run at once")
    tournament_outstanding: PositiveInt = Field(
        64, le=256, description="matches of one tournament that evaluators have at once"
    )
    tournament_seconds: PositiveFloat = Field(
        0.5, description="how often Elo is asked about tournaments that run"
    )
    tournament_rounds: int = Field(
        3, ge=0, description="how often an abandoned match of a tournament is issued anew"
    )
    tournament_play_seconds: float = Field(
        1800.0, ge=1.0, description="how long people have for a match of a tournament"
    )
    tournament_patience_seconds: PositiveFloat = Field(
        600.0, description="how long Elo may not know a tournament's match that was played"
    )
    rate_tournaments: bool = Field(
        True,
        description="results of tournaments without people count in ratings, unless a tournament "
        "says otherwise",
    )

    window_start: PositiveFloat = Field(100.0, description="rating window of a new ticket")
    window_step: PositiveFloat = Field(50.0, description="by how much it widens")
    window_step_seconds: PositiveFloat = Field(5.0, description="how often it widens")
    window_ceiling: PositiveFloat = Field(500.0, description="widest rating window")
    disconnect_grace_seconds: PositiveFloat = Field(
        10.0, description="how long a ticket outlives its stream"
    )
    backfill_seconds: PositiveFloat = Field(
        20.0,
        le=3600.0,
        description="how long a seat of a running game stands empty before another may take it",
    )
    heartbeat_seconds: PositiveFloat = Field(
        20.0, le=20.0, description="longest silence on a FindMatch stream"
    )
    max_tickets: PositiveInt = Field(10_000, description="players that wait at once")

    @field_validator("games")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Whether there are such games only Game knows; what it refuses is told in the log.
        return tuple(check_game_name(game, "games") for game in value)

    @model_validator(mode="after")
    def _public_addresses(self) -> Self:
        own, public = split_addresses(self.game_address), self.public_game_addresses
        if public and len(public) != len(own):
            raise ValueError(
                f"public_game_address names {len(public)} instances and game_address {len(own)}; "
                "name each in both"
            )
        return self

    @property
    def public_game_addresses(self) -> dict[str, str]:
        """Where players reach each instance of Game, by where it is reached from here."""
        if not self.public_game_address:
            return {}
        public = split_addresses(self.public_game_address)
        return dict(zip(split_addresses(self.game_address), public, strict=False))

    @model_validator(mode="after")
    def _some_share(self) -> Self:
        if not self.latest_share + self.pfsp_share + self.bots_share > 0.0:
            raise ValueError(
                "latest_share, pfsp_share and bots_share are all 0; at least one must be positive"
            )
        return self
