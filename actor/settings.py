"""Settings of actors and evaluators: flags, MAZEMESH_ACTOR_* and MAZEMESH_EVALUATOR_*, defaults."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mazemesh.client.addresses import Addresses
from mazemesh.client.replay.compression import Compression
from mazemesh.process.settings import ProcessSettings

_LOCAL = Addresses.local()


class WorkerSettings(ProcessSettings):
    """What both kinds of worker need to know."""

    policy: str = Field(default="", description="name of the policy")
    worker_id: str = Field(default="", description="unique name of this worker; default: random")
    seed: int | None = Field(
        default=None, ge=0, description="seed of mazes and draws; not set is a fresh one"
    )
    drain_seconds: float = Field(
        default=1.0,
        ge=0.0,
        le=3600.0,
        description="how long a worker that is told to stop may take to write its rows, give its "
        "leases back and close its sessions; less than a spot instance's notice",
    )
    reconnect_seconds: float = Field(
        default=75.0,
        ge=0.0,
        le=3600.0,
        description="how long a connection may be cut before its games are given up; as long as "
        "the Game service's session_grace",
    )
    game_address: str = Field(
        default=_LOCAL.game,
        description="host:port of the Game service; dns:///name:port, or several separated by "
        "commas, are instances, which get sessions in turn",
    )
    matchmaker_address: str = Field(
        default=_LOCAL.matchmaker, description="host:port of the Matchmaker service"
    )
    model_address: str = Field(default=_LOCAL.model, description="host:port of the Model service")
    elo_address: str = Field(default=_LOCAL.elo, description="host:port of the Elo service")
    replay_address: str = Field(
        default=_LOCAL.replay,
        description="host:port of the Replay service; several, separated by commas, share tables",
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


class ActorSettings(WorkerSettings):
    """An actor plays training games for one policy."""

    component: ClassVar[str] = "actor"

    policy: str = Field(description="name of the policy whose run this actor serves")
    games: int | None = Field(
        default=None,
        ge=2,
        le=32768,
        description="games played at once, as the run's preset wants unless set; from 128 on in "
        "two sessions that take turns",
    )
    compression: Compression = Field(
        default=Compression.AUTO,
        description="of experience on its way to Replay: auto packs it where the way is slow",
    )
    threads: int = Field(default=1, ge=1, le=64, description="onnxruntime threads")
    variant: Literal["", "fp16", "bf16", "int8"] = Field(
        default="",
        description="form of versions' files that the students play by, where a version has it "
        "(the learner's `variants`); else, and without it, the file as it was published",
    )


class EvaluatorSettings(WorkerSettings):
    """An evaluator plays rating matches for whoever is to be rated."""

    component: ClassVar[str] = "evaluator"

    max_matches: int = Field(default=32, ge=1, le=256, description="matches leased at once")
    probe_games: int = Field(
        default=256,
        ge=0,
        le=1024,
        description="held-out mazes on which each new snapshot plays greedily; 0 for none",
    )
