"""What the learner can be told: flags, MAZEMESH_LEARNER_*, and what holds for the whole mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from learner.algorithms import registry
from learner.network.architecture import Precision
from learner.network.parts.encoding import Encoding, ImageEncoder, MemoryCell, ValueNetwork
from learner.network.parts.layers import Activation
from learner.run_file import lay_over, read_settings
from mazemesh.client.addresses import Addresses
from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign import policy_name
from mazemesh.policy.file.variants import check_kinds
from mazemesh.process.blob_settings import BlobSettings

_LOCAL = Addresses.local()

Width = Annotated[int, Field(ge=1, le=16_384)]
Seconds = Annotated[float, Field(gt=0, le=1_000_000_000)]


class LearnerSettings(BlobSettings):
    """Settings of one training run. What is not set comes from the preset of game and algorithm."""

    component: ClassVar[str] = "learner"

    config: Path | None = Field(
        default=None,
        description="TOML file with settings; flags win over it. `mazemesh preset GAME` writes one",
    )
    game: str = Field(default="race", description="game to learn")
    spaces: Path | None = Field(
        default=None,
        description="of a game that a simulator plays, external:NAME: TOML file with what its "
        "agents see and do (docs/external.md)",
    )
    algorithm: str = Field(
        default="ppo",
        description="how: ppo, recurrent-ppo, mappo, impala, a2c, dqn, r2d2, sac, td3, ddpg, or "
        "one of a package of your own",
    )
    policy: str = Field(default="", description="name to publish under; the game's unless set")
    seed: int = Field(default=0, ge=0, lt=2**61, description="of first weights and minibatches")
    steps: int = Field(default=0, ge=0, description="agent steps to stop after; 0 never stops")
    hidden: list[Width] | None = Field(
        default=None,
        max_length=16,
        description="widths of the network's hidden layers, e.g. 128,128",
    )
    network: str = Field(
        default="",
        pattern=r"^([A-Za-z_][\w.]*:[A-Za-z_]\w*)?$",
        description="torch module of your own, package.module:Factory (docs/own-network.md); the "
        "layers of --hidden unless set",
    )
    activation: Activation = Field(default="relu", description="after each hidden layer")
    image: ImageEncoder = Field(
        default="auto",
        description="layers on images: nature, impala, small, flat; auto by their size",
    )
    frames: int = Field(
        default=1,
        ge=1,
        le=16,
        description="of the last observations that the network sees; earlier ones are its state",
    )
    normalize_observations: bool = Field(
        default=False,
        description="numbers that are no bytes by their running mean and deviation, which are part "
        "of the policy",
    )
    normalize_rewards: bool = Field(
        default=False,
        description="values in units of the running deviation of their targets, part of the policy",
    )
    value_layers: ValueNetwork = Field(
        default="auto",
        description="shared with the policy, own, or auto: own where actions are continuous",
    )
    memory_cell: MemoryCell = Field(
        default="gru", description="of algorithms with memory: gru or lstm"
    )
    hyperparameters: dict[str, float] = Field(
        default_factory=dict,
        description="of the algorithm, e.g. learning_rate=0.001,epochs=4; "
        "`mazemesh preset GAME` tells all of them, what they mean and what they are",
    )

    width: int | None = Field(default=None, description="of the mazes, in cells")
    height: int | None = Field(default=None, description="of the mazes, in cells")
    view: int | None = Field(default=None, description="side of the window a player sees, odd")
    generator: str | None = Field(default=None, description="of the mazes")
    loops: float | None = Field(default=None, description="share of inner walls opened, 0..1")
    step_limit: int | None = Field(default=None, description="steps of a game; 0: by its size")
    seats: int | None = Field(default=None, description="players")
    line_of_sight: bool | None = Field(default=None, description="walls hide what is behind them")
    shaping: float | None = Field(default=None, description="weight of the distance in rewards")
    shaping_discount: float | None = Field(default=None, description="of that distance, 0..1")

    policies: dict[str, str] = Field(
        default_factory=dict,
        description="of a run of several, by the role that each trains: "
        "evader=pursuit-evader,hunter=pursuit-hunter; --policy says which this learner's is",
    )
    pool: list[str] = Field(
        default_factory=list, description="further policies whose snapshots are met, e.g. a,b"
    )
    exploits: str = Field(
        default="", description="policy whose weaknesses this one looks for, meeting it alone"
    )
    exploits_pool: bool = Field(
        default=False,
        description="look for the weaknesses of all policies of --pool, and meet them alone",
    )
    exploit_win_rate: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="against its newest version, or the worst against any of its pool, from which "
        "the exploiter begins anew",
    )
    exploit_steps: PositiveInt = Field(
        default=3_000_000, description="agent steps after which the exploiter begins anew anyway"
    )

    replay_address: str = Field(
        default=_LOCAL.replay,
        description="host:port of Replay; several, separated by commas, share tables",
    )
    model_address: str = Field(default=_LOCAL.model, description="host:port of Model")
    matchmaker_address: str = Field(
        default=_LOCAL.matchmaker, description="host:port of Matchmaker, for an exploiter"
    )
    code_version: str = Field(
        default="",
        max_length=128,
        description="version of the code that trains, kept with each version of the policy; "
        "that of mazemesh, with the commit of a checkout, unless set",
    )
    take_over: bool = Field(
        default=False, description="take the policy's name from another learner that holds it"
    )
    tracking: str = Field(
        default="local",
        description="where figures go: local (MLflow in the data folder), none, an MLflow URI, "
        "tensorboard, wandb[:PROJECT]; several, separated by commas",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto is cuda where there is one"
    )
    threads: int = Field(
        default=1, ge=1, le=1024, description="of torch; more only where cores are idle"
    )
    lockstep: bool = Field(
        default=False,
        description="take turns with one actor: a seed gives one course of training; slower",
    )
    packed: bool = Field(
        default=True,
        description="rows of experience as bits where they are bits; off: a byte each, as before",
    )
    precision: Precision = Field(
        default="auto",
        description="of matrix products in training: float32, bfloat16, or auto: the latter where "
        "it is fast, in PPO alone; on a GPU otherwise TF32",
    )
    fuse: bool = Field(
        default=False,
        description="compile networks with memory, and PPO's loss, for a GPU (torch.compile): up "
        "to a minute at the start, then faster updates",
    )
    batches_ahead: int = Field(
        default=0,
        ge=0,
        le=16,
        description="of those who learn from unrolls: batches that an actor writes at most before "
        "a version learned from the first of them acts; 0: as many as the queue takes",
    )
    publish_steps: PositiveInt = Field(
        default=12_000,
        description="agent steps between versions; more where publishing would take over a third "
        "of the time",
    )
    publish_seconds: Seconds = Field(
        default=2.0, description="between versions at most, however few the agent steps"
    )
    snapshot_seconds: Seconds = Field(default=60.0, description="between snapshots")
    variants: str = Field(
        default="",
        description="other forms that the Model service makes of each snapshot's file: some of "
        "fp16, bf16, int8, separated by commas",
    )
    checkpoint_seconds: Seconds = Field(default=10.0, description="between checkpoints")
    copy_seconds: float = Field(
        default=30.0,
        ge=0,
        le=86_400,
        description="between copies of the newest checkpoint to blobs_url, from which a learner "
        "goes on whose folder has none; 0: no copies",
    )

    @field_validator("variants")
    @classmethod
    def _are_forms(cls, variants: str) -> str:
        try:
            check_kinds(filter(None, variants.split(",")))
        except InvalidArgument as error:
            raise ValueError(str(error)) from error
        return variants

    @field_validator("algorithm")
    @classmethod
    def _known(cls, algorithm: str) -> str:
        if algorithm not in (there := registry.names()):
            raise ValueError(f"{algorithm!r} is unknown; it should be one of {', '.join(there)}")
        return algorithm

    @model_validator(mode="before")
    @classmethod
    def _read_config(cls, given: dict[str, Any]) -> dict[str, Any]:
        """A file's settings under those given, and those of the preset under both."""
        path = given.get("config")
        told = lay_over(read_settings(Path(path)), given) if path else given
        game, algorithm = told.get("game", "race"), told.get("algorithm", "ppo")
        if algorithm not in registry.names():
            return told
        return {**registry.find(algorithm).preset(game).settings, **told}

    @property
    def encoding(self) -> Encoding:
        """What comes before the hidden layers."""
        return Encoding(
            image=self.image,
            frames=self.frames,
            normalize_observations=self.normalize_observations,
            normalize_rewards=self.normalize_rewards,
            value=self.value_layers,
        )

    @property
    def policy_name(self) -> str:
        """Name that versions are published under."""
        return self.policy or policy_name(self.game)

    @property
    def folder(self) -> Path:
        """Where this run keeps its checkpoints and metrics."""
        return self.data_dir / "learner" / self.policy_name
