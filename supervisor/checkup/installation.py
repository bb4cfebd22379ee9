"""Checks of what is installed and set: versions, modules, caches, settings."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import mazemesh
from mazemesh.process.errors import StartError
from supervisor.checkup.finding import Finding

if TYPE_CHECKING:
    from mazemesh.process.settings import ProcessSettings

_NEEDED = {
    **dict.fromkeys(("grpcio", "numpy", "numba", "onnx", "onnxruntime", "protobuf"), "mazemesh"),
    **dict.fromkeys(("pydantic", "sqlalchemy", "structlog", "typer"), "mazemesh"),
    **dict.fromkeys(("torch", "onnxscript", "mlflow"), "mazemesh[learner]"),
}
_OPTIONAL = {"matplotlib": "plot", "optuna": "tune", "pyarrow": "archive"}
_MODULES = {"grpc": "grpcio", "numpy": "numpy", "numba": "numba", "torch": "torch"}
_OURS = ("mazemesh", "services", "actor", "learner", "supervisor")


def versions() -> Iterator[Finding]:
    """Python, mazemesh, and what they need."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    yield Finding("mazemesh", "ok", f"{mazemesh.__version__} in {_home()}")
    found, missing = [], []
    for name, bringer in _NEEDED.items():
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append((name, bringer))
    for name, bringer in missing:
        yield Finding(name, "fail", "is not installed", f"pip install '{bringer}'")
    yield Finding("packages", "ok", ", ".join(found))
    absent = {extra: name for name, extra in _OPTIONAL.items() if not installed(name)}
    for extra, name in absent.items():
        detail = f"{name} is not installed"
        yield Finding(f"extra {extra}", "warn", detail, f"pip install 'mazemesh[{extra}]'")


def installed(name: str) -> str:
    """The version of a distribution; "" when it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def modules() -> Iterator[Finding]:
    """Whether our packages, and those that they need, are what Python finds under their names."""
    wrong = [
        (name, where)
        for name in _OURS
        if (where := _origin(name)) is None or not where.is_relative_to(_home())
    ]
    wrong += [
        (name, where)
        for name, package in _MODULES.items()
        if installed(package)
        and ((where := _origin(name)) is None or not where.is_relative_to(_folder_of(package)))
    ]
    for name, where in wrong:
        mend = "take that folder off PYTHONPATH, or uninstall the package that has it"
        detail = f"{name} is {where or 'not found'}, which is another one"
        yield Finding("modules", "fail", detail, mend)
    if not wrong:
        yield Finding("modules", "ok", f"{', '.join((*_OURS, *_MODULES))} are what they should be")


def _home() -> Path:
    return Path(mazemesh.__file__).resolve().parents[1]


def _folder_of(package: str) -> Path:
    return Path(str(distribution(package).locate_file(""))).resolve()


def _origin(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None:
        return None
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return Path(places[0]).resolve() if places else None


def caches(game: str) -> Iterator[Finding]:
    """Whether machine code can be kept on disk, and whether that of the game is there."""
    from mazemesh.games.mazes.machine_code import folders, is_compiled

    writable = next((folder for folder in folders() if _can_write(folder)), None)
    if writable is None:
        detail = f"none of {', '.join(map(str, folders()))} can be written"
        mend = "set NUMBA_CACHE_DIR to a folder that can; else each process compiles for itself"
        yield Finding("machine code", "warn", detail, mend)
    elif is_compiled(game):
        yield Finding("machine code", "ok", f"of {game} is there, more goes to {writable}")
    else:
        yield Finding(
            "machine code",
            "ok",
            f"of {game} is made at its first start, in about 15 s, and kept in {writable}",
        )


def _can_write(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether every process would take its settings from the environment."""
    from mazemesh.process.settings import parse_settings

    own = sorted(name for name in environment if name.startswith("MAZEMESH_"))
    wrong: dict[str, None] = {}
    for kind in kinds():
        needed = ["--policy", "x"] if "policy" in kind.model_fields else []
        try:
            parse_settings(kind, needed, kind.component)
        except StartError as error:
            wrong |= dict.fromkeys(f"{kind.component}: {line}" for line in str(error).splitlines())
    for line in wrong:
        yield Finding("settings", "fail", line, "correct the variable, or unset it")
    if not wrong:
        named = f"{', '.join(own)} fit" if own else "no MAZEMESH_ variable is set"
        yield Finding("settings", "ok", named)


def kinds() -> list[type[ProcessSettings]]:
    """The settings of every kind of process."""
    from actor.settings import ActorSettings, EvaluatorSettings
    from learner.settings import LearnerSettings
    from services.elo.settings import EloSettings
    from services.game.settings import GameServiceSettings
    from services.matchmaker.settings import MatchmakerSettings
    from services.model.settings import ModelSettings
    from services.replay.settings import ReplaySettings

    return [
        *(GameServiceSettings, MatchmakerSettings, ModelSettings, EloSettings, ReplaySettings),
        *(ActorSettings, EvaluatorSettings, LearnerSettings),
    ]
