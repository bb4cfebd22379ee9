"""What the Model service can be told."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from mazemesh.client.addresses import Addresses
from services._harness import Port, ServiceSettings

MEBIBYTE: Final = 1024 * 1024


class ModelSettings(ServiceSettings):
    """Settings of the Model service; environment variables MAZEMESH_MODEL_*."""

    component: ClassVar[str] = "model"
    max_request_bytes: ClassVar[int] = MEBIBYTE + 64 * 1024

    port: Port = Field(50053, description="port of the gRPC server; 0 takes a free one")
    game_address: str = Field(
        Addresses.local().game,
        description="host:port of the Game service, which knows the games that policies play; "
        "several instances, separated by commas, are asked in turn",
    )
    elo_address: str = Field(
        Addresses.local().elo,
        description="host:port of the Elo service, which is asked whether a gate has passed where "
        "the rules of a policy want one",
    )
    max_policy_bytes: int = Field(256 * MEBIBYTE, gt=0, description="largest ONNX file, in bytes")
    keep_versions: int = Field(
        20,
        ge=0,
        description="newest versions of each name whose files stay, and up to a quarter more for a "
        "while; snapshots and versions with an alias stay anyway and do not count, and what is "
        "held, the way back of an alias or in an experiment stays too",
    )
    keep_events: int = Field(
        10_000, ge=1, description="newest changes that a watch can resume from"
    )
    validators: int = Field(
        2, ge=1, le=64, description="processes that check files, each started when it is needed"
    )
    waiting_validations: int = Field(
        16, ge=0, description="files that wait for one of them at most; the next is refused"
    )
    validation_cpu_seconds: float = Field(
        10.0, gt=0, description="processor time of one check; a file that takes more is rejected"
    )
    validation_memory_bytes: int = Field(
        256 * MEBIBYTE,
        ge=32 * MEBIBYTE,
        description="memory of one check, in bytes, beside six times the file's size",
    )
    latency_budget_ms: float = Field(
        100.0,
        gt=0,
        description="processor time that a file may take for one observation, in milliseconds",
    )
    batch_latency_budget_ms: float = Field(
        1000.0, gt=0, description="and for 64 observations in one batch"
    )
    smoke_games: int = Field(
        8,
        ge=0,
        le=256,
        description="games against bot/random that a new graph begins before its version is ready, "
        "and that each snapshot plays to its end after that; 0: none",
    )
    smoke_moves: int = Field(
        16, ge=1, le=10_000, description="moves of each of these before a version is ready"
    )
    smoke_seconds: float = Field(
        5.0, gt=0, le=60, description="after which a version is ready though Game has not played"
    )
    smoke_game_moves: int = Field(
        2000, ge=1, le=100_000, description="moves after which a game of a snapshot is left"
    )
    max_uploads: int = Field(64, ge=1, description="files that come in at once, at most")
    max_upload_bytes: int = Field(
        1024 * MEBIBYTE, gt=0, description="announced sizes of all of them together, in bytes"
    )
    upload_seconds: float = Field(60.0, gt=0, description="longest time that a file may come for")
    lease_seconds: float = Field(
        20.0, gt=0, le=3600, description="how long a run holds its name after it was last heard of"
    )
    downloads_per_second: float = Field(
        200.0,
        gt=0,
        description="downloads of a new version that those who watch this instance spread over "
        "time, while they are more than a few",
    )
    heartbeat_seconds: float = Field(
        20.0, gt=0, le=3600, description="longest silence on a watch without changes"
    )

    mlflow_registry_uri: str = Field(
        "",
        description="MLflow whose model registry mirrors versions and aliases, such as "
        "http://mlflow:5000; the same for all instances. Empty: none",
    )
    mlflow_versions: Literal["kept", "all"] = Field(
        "kept",
        description="which versions it gets: snapshots and what aliases stand for, or all",
    )

    inference_processor: Literal["auto", "cpu", "cuda", "tensorrt"] = Field(
        "auto",
        description="what Infer runs policies on; auto is CUDA where onnxruntime has it, else the "
        "CPU, and TensorRT makes an engine of each version first",
    )
    inference_processes: int = Field(
        1, ge=1, le=64, description="processes that run policies, started at the first call"
    )
    inference_threads: int = Field(1, ge=1, le=256, description="threads of each for one batch")
    inference_memory_bytes: int = Field(
        512 * MEBIBYTE,
        ge=8 * MEBIBYTE,
        description="memory of loaded versions, in bytes; those that were not used for longest go",
    )
    inference_batch_rows: int = Field(
        512, ge=1, le=4096, description="rows of several callers that are run as one batch, at most"
    )
    inference_batch_wait_ms: float = Field(
        2.0,
        ge=0,
        le=1000,
        description="how long rows wait for those of other callers, while others call; 0: never",
    )
    inference_run_seconds: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="longest time of one batch; a policy that takes longer is not run for 300 s",
    )
    inference_calls: int = Field(
        4096, ge=1, description="calls of Infer at once, at most; the next is refused"
    )
    inference_call_bytes: int = Field(
        64 * MEBIBYTE, ge=MEBIBYTE, description="columns of all of them together, in bytes"
    )
    drift_window_seconds: float = Field(
        600.0,
        ge=0,
        le=86_400,
        description="how far back rows of inference are compared with those of a version's "
        "validation; 0 compares none",
    )
    session_seconds: float = Field(
        600.0,
        gt=0,
        le=86_400,
        description="how long the state of a session is kept after its last call; with redis_url "
        "all instances share them",
    )
    external_streams: int = Field(
        64, ge=1, le=4096, description="simulators that are connected at once, at most"
    )
    external_bytes: int = Field(
        256 * MEBIBYTE,
        ge=8 * MEBIBYTE,
        description="what their agents, and experience that is not whole, take together, in bytes",
    )
    external_idle_seconds: float = Field(
        600.0, gt=0, le=86_400, description="longest silence of a simulator"
    )
    replay_address: str = Field(
        Addresses.local().replay,
        description="host:port of Replay, where what agents of simulators live through is "
        "recorded; several, separated by commas, share tables",
    )
    max_sessions: int = Field(65_536, ge=1, description="sessions at once, at most")
    max_session_bytes: int = Field(
        64 * MEBIBYTE, ge=MEBIBYTE, description="states of all of them together, in bytes"
    )
