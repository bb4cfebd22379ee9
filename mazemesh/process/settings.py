"""What every process can be told, and how: flags, then environment variables, then defaults."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from mazemesh.game_names import split_game_names
from mazemesh.process.errors import StartError

Port = Annotated[int, Field(ge=0, le=65535, description="port to listen on; 0 takes a free one")]
"""A TCP port; 0 lets the operating system choose a free one."""


def _split(value: object) -> object:
    return split_game_names(value) if isinstance(value, str) else value


GameNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Names of games in one setting, see `mazemesh.game_names.split_game_names`.

A name may have arguments, and those may have commas, so these lists are not cut at every comma.
"""

LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class ProcessSettings(BaseSettings):
    """Settings that all processes share; each kind subclasses it and names itself.

    ```python
    class ReplaySettings(ServiceSettings):
        component: ClassVar[str] = "replay"
        port: Port = 50055
        capacity: PositiveInt = Field(default=1_000_000, description="rows that a table holds")
    ```

    `capacity` is then read from `--capacity`, else from `MAZEMESH_REPLAY_CAPACITY`. What makes
    sense for all processes at once is also read from the common name: `MAZEMESH_DATA_DIR`,
    `MAZEMESH_LOG_FORMAT`, ..., and every field that ends in `_address` or `_url`
    (`MAZEMESH_GAME_ADDRESS`, `MAZEMESH_REDIS_URL`). An empty environment variable counts as not
    set.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True)

    component: ClassVar[str]
    """Short name of the kind of process: its environment prefix, its name in logs."""

    common: ClassVar[frozenset[str]] = frozenset(
        {
            "data_dir",
            "dollars_an_hour",
            "log_format",
            "log_level",
            "tls_ca",
            "key_file",
            "metrics_host",
            "traces_share",
        }
    )
    """Fields that may be set for all processes at once."""

    metrics_port: Port | None = Field(
        default=None, description="port of the Prometheus page; 0 takes a free one, not set is none"
    )
    metrics_host: str | None = Field(
        default=None,
        description="host of the Prometheus page; not set is a service's own, and this machine "
        "alone of a worker",
    )
    traces_url: str | None = Field(
        default=None,
        description="where spans go, by OTLP over HTTP: http://collector:4318/v1/traces; "
        "not set traces nothing",
    )
    traces_share: float = Field(
        default=1.0, ge=0, le=1, description="share of the traces that begin here that are sent"
    )
    data_dir: Path = Field(
        default=Path(".mazemesh"), description="folder that holds everything the mesh remembers"
    )
    dollars_an_hour: float = Field(
        default=0.0,
        ge=0,
        le=10_000,
        description="what this process's share of its machine costs, for the metric of costs; "
        "0 tells nothing",
    )
    log_format: LogFormat = Field(
        default="auto", description="auto is console on a terminal and json elsewhere"
    )
    log_level: LogLevel = Field(default="info", description="least important lines to write")

    tls_ca: Path | None = Field(
        default=None,
        description="PEM file of the CA whose servers it trusts; set, it calls them over TLS",
    )
    key_file: Path | None = Field(
        default=None,
        description="file of mode 600 with the API key that it shows to services; "
        "MAZEMESH_KEY has the key itself",
    )

    def name_credentials(self) -> None:
        """Has all clients of this process use `tls_ca` and `key_file`."""
        if self.tls_ca is not None:
            os.environ["MAZEMESH_TLS_CA"] = str(self.tls_ca)
        if self.key_file is None:
            return
        if os.environ.get("MAZEMESH_KEY_FILE") != str(self.key_file):
            # A file that was named for this process comes before a key for all of them.
            os.environ.pop("MAZEMESH_KEY", None)
        os.environ["MAZEMESH_KEY_FILE"] = str(self.key_file)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @classmethod
    def environment_variable(cls, field: str) -> str:
        """Name of the environment variable that sets `field` for this kind of process alone."""
        return f"{cls._own_prefix()}{field.upper()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Own variables win over common ones; pydantic-settings puts flags before both."""
        own = EnvSettingsSource(settings_cls, env_prefix=cls._own_prefix())
        return init_settings, own, _CommonEnvironment(settings_cls, env_prefix="MAZEMESH_")

    @classmethod
    def _own_prefix(cls) -> str:
        return f"MAZEMESH_{cls.component.upper()}_"


SettingsT = TypeVar("SettingsT", bound=ProcessSettings)


class _CommonEnvironment(EnvSettingsSource):
    """Environment variables that speak to all processes; a port cannot be shared."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        common: frozenset[str] = getattr(self.settings_cls, "common", frozenset())
        if field_name in common or field_name.endswith(("_address", "_url")):
            return super().get_field_value(field, field_name)
        return None, field_name, False


def parse_settings(
    settings_class: type[SettingsT], arguments: Sequence[str], program: str
) -> SettingsT:
    """Reads settings from command-line `arguments`, the environment and the defaults.

    Raises:
        StartError: (exit code 2) a value is wrong; names field, value and what would be right.
        SystemExit: `--help`, or a flag that does not exist (argparse prints its own message).
    """
    flags: dict[str, Any] = {
        "_cli_parse_args": list(arguments),
        "_cli_prog_name": program,
        "_cli_kebab_case": True,
        "_cli_implicit_flags": True,
        "_cli_hide_none_type": True,
    }
    try:
        return settings_class(**flags)
    except ValidationError as error:
        problems = [_explain(settings_class, problem) for problem in error.errors()]
        raise StartError("\n".join(problems), exit_code=2) from error
    except SettingsError as error:
        raise StartError(f"settings cannot be read: {error}", exit_code=2) from error


def _explain(settings_class: type[ProcessSettings], problem: Any) -> str:
    reason = problem["msg"][:1].lower() + problem["msg"][1:]
    if not problem["loc"]:
        return f"settings do not fit together: {reason}"
    field = str(problem["loc"][0])
    flag = f"--{field.replace('_', '-')}"
    where = f"(set it by {flag} or {settings_class.environment_variable(field)})"
    if problem["type"] == "missing":
        return f"{field} has no value {where}"
    return f"{field} = {problem['input']!r} is wrong: {reason} {where}"
