"""What the learner can be told: flags, then environment variables, then defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from learner.presets import AlgorithmName
from mazemesh.client.addresses import Addresses

PREFIX = "MAZEMESH_LEARNER_"
COMMON_PREFIX = "MAZEMESH_"

Port = Annotated[int, Field(ge=0, le=65535)]


class LearnerSettings(BaseSettings):
    """Settings of one training run.

    `seed` is read from `--seed`, else from MAZEMESH_LEARNER_SEED, else from MAZEMESH_SEED. What is
    None comes from the preset of game and algorithm.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True)

    game: str = Field(default="race", description="game to learn")
    algorithm: AlgorithmName = Field(default="ppo", description="ppo or dqn")
    policy: str = Field(default="", description="name to publish under; the game's unless set")
    seed: int = Field(default=0, ge=0, description="of first weights and minibatches")
    steps: int = Field(default=0, ge=0, description="agent steps to stop after; 0 never stops")
    hyperparameters: dict[str, float] = Field(
        default_factory=dict, description="of the algorithm, e.g. learning_rate=0.001"
    )

    width: int | None = Field(default=None, description="of the mazes, in cells")
    height: int | None = Field(default=None, description="of the mazes, in cells")
    view: int | None = Field(default=None, description="side of the window a player sees, odd")
    generator: str | None = Field(default=None, description="of the mazes")
    loops: float | None = Field(default=None, description="share of walls opened, 0..1")
    step_limit: int | None = Field(default=None, description="steps of a game; 0: by its size")
    seats: int | None = Field(default=None, description="players")
    shaping: float | None = Field(default=None, description="weight of the distance in rewards")

    data_dir: Path = Field(default=Path(".mazemesh"), description="folder of checkpoints")
    host: str | None = Field(default=None, description="where all services listen")
    port_base: Port | None = Field(default=None, description="port of Game; the others follow")
    metrics_port: Port | None = Field(
        default=None, description="port of the Prometheus page; 0 takes a free one, not set is none"
    )
    tracking: str = Field(
        default="local", description="MLflow: local (in the data folder), none, or a tracking URI"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto is cuda where there is one"
    )
    threads: int = Field(default=1, ge=1, description="of torch; more only where cores are idle")
    publish_seconds: PositiveFloat = Field(default=3.0, description="between versions")
    snapshot_seconds: PositiveFloat = Field(default=60.0, description="between snapshots")
    checkpoint_seconds: PositiveFloat = Field(default=30.0, description="between checkpoints")
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def policy_name(self) -> str:
        """Name that versions are published under."""
        return self.policy or self.game

    @property
    def folder(self) -> Path:
        """Where this run keeps its checkpoints and metrics."""
        return self.data_dir / "learner" / self.policy_name

    @property
    def addresses(self) -> Addresses:
        """Where the services listen."""
        return Addresses.from_environment(self.host, self.port_base)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The learner's own variables win over the ones for the whole mesh."""
        own = EnvSettingsSource(settings_cls, env_prefix=PREFIX)
        return init_settings, own, EnvSettingsSource(settings_cls, env_prefix=COMMON_PREFIX)


def parse_settings(arguments: list[str]) -> LearnerSettings:
    """Reads the command line, the environment and the defaults.

    Raises:
        ValueError: a value is wrong; one line for each, with field, value and what would be right.
        SystemExit: `--help`, or a flag that does not exist.
    """
    flags: dict[str, Any] = {
        "_cli_parse_args": arguments,
        "_cli_prog_name": "python -m learner",
        "_cli_kebab_case": True,
        "_cli_implicit_flags": True,
        "_cli_hide_none_type": True,
    }
    try:
        return LearnerSettings(**flags)
    except ValidationError as error:
        raise ValueError("\n".join(map(_explain, error.errors()))) from error
    except SettingsError as error:
        raise ValueError(f"settings cannot be read: {error}") from error


def _explain(problem: Any) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else "settings"
    flag, variable = f"--{field.replace('_', '-')}", f"{PREFIX}{field.upper()}"
    reason = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{field} = {problem['input']!r} is wrong: {reason} (set it by {flag} or {variable})"
