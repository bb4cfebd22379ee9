"""Who may import whom: the architecture, checked over the import statements of every file."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("mazemesh", "services", "actor", "learner", "supervisor")
ABOVE = {"services", "actor", "learner"}
DRIVERS = {"redis", "boto3", "botocore", "psycopg"}
OPENING = (
    *("mazemesh.games", "mazemesh.games.open_game", "mazemesh.games.opening"),
    "mazemesh.games.foreign",
)
"""What can open a game by any name, or have it opened; a module, and whatever is in it."""

PLAYS_NO_GAME = {"_harness", "elo", "matchmaker", "model", "replay"}
KINDS_OF_GAMES = {"is_foreign", "ForeignGame", "ForeignEngine"}
PURE = (
    *("GameSettings", "GameSpec", "Purpose", "is_bot", "seeds", "settings", "spec"),
    *("ladder.is_time_trial", "ladder.sides", "ladder.EXHIBITION", "spaces"),
    *("bots.EXTERNAL", "bots.bot_code", "bots.bot_policy"),
)
"""All of mazemesh.games that they know: settings, specs, spaces as data, seeds, bots by name."""

OUTSIDE = {
    # Folders and files of a service that touch the world; all others are its core.
    *("wire", "stores", "journal", "export", "local", "migrations"),
    *("__main__", "bind", "settings", "metrics", "servicer", "metered_servicer", "remotes"),
    # The streams of Game, which are servicers of one method.
    *("run_games", "play_game"),
    # The gateway's: what speaks HTTP, and its clients of the other services.
    *("rest", "access", "console", "app", "context", "mesh", "metered", "rpcs", "socket"),
    *("watches", "launchers", "playing", "minds"),
    # The process that keeps those of a job.
    "job_runner",
    # Commands act for the user of this machine.
    "cli",
}
WORLD = (
    *("grpc", "grpc_health", "google", "dm_env_rpc", "mazemesh.v1", "mazemesh.wire"),
    *(
        "mazemesh.client",
        "mazemesh.process",
        "services._harness.peers.connecting",
        "services._harness.sql",
    ),
    *("services._harness.server",),
    *("services._harness.blobs",),
    *("sqlalchemy", "sqlite3", "alembic", "prometheus_client", "onnxruntime"),
    *("time", "os", "pathlib", "shutil", "tempfile", "socket", "subprocess", "multiprocessing"),
    *("threading", "concurrent"),
)
"""Calls, messages, tables, clocks, files, processes and threads; a module, and what is in it."""

MIRROR = "services/model/mirror/mlflow_registry.py"

IMPURE = {
    # A batch of games has one lock: its steps are played in whatever thread is free.
    "services/game/play/batch.py": {"threading"},
    "services/game/play/stepping.py": {"concurrent.futures.Executor"},
    # Uploads and files of policies go by path, since they are too large to hold in memory.
    "services/model/registry/upload.py": {"tempfile", "pathlib.Path"},
    "services/model/blob_store.py": {"pathlib.Path"},
    # Files of strangers are opened in confined processes, and ONNX files are protobuf.
    "services/model/validation/asking.py": {"os"},
    "services/model/validation/pipes.py": {"os", "time"},
    "services/model/variants/making.py": {"pathlib.Path"},
    "services/model/validation/confinement.py": {"os", "time"},
    "services/model/validation/validation.py": {
        "google.protobuf.message.DecodeError",
        "onnxruntime",
    },
    "services/model/validation/measuring.py": {"time"},
    "services/model/validation/validator.py": {
        *("os", "subprocess", "threading", "time", "pathlib.Path"),
    },
    "services/model/validation/validators.py": {"concurrent.futures.ThreadPoolExecutor"},
    # MLflow's client blocks and is large, so it has a process of its own.
    "services/model/mirror/main.py": {"os"},
    "services/model/mirror/process.py": {"os"},
    MIRROR: {"os", "tempfile", "time", "pathlib.Path", "onnxruntime"},
    # What they answer is run in a process of its own, too.
    "services/model/inference/runner/main.py": {
        *("os", "socket", "threading", "pathlib.Path", "time.perf_counter", "onnxruntime"),
    },
    "services/model/inference/runner/process.py": {"os", "socket", "subprocess"},
    # Waits for the rate limiter are timed.
    "services/replay/hosting/hosted_table.py": {"time"},
    # A folder that cannot be read ends the start.
    "services/replay/hosting/tables.py": {"mazemesh.process.errors.StartError"},
    # What a table's columns are: the signature's messages are methods beside it.
    "services/replay/table/spec.py": {"mazemesh.wire.tensors.Signature"},
    "services/replay/table/storage.py": {"mazemesh.wire.tensors.Signature"},
}
"""What core files still import of the world, and why. Shrinks."""


def imported_modules(path: str, source: str) -> Iterator[str]:
    """Absolute names of all that a file imports, anywhere; `from a import b` gives `a.b`."""
    package = PurePosixPath(path).parent.parts
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def forbidden(path: str, module: str) -> str | None:
    """Why the file at `path` may not import `module`, or None when it may."""
    here, there = PurePosixPath(path).parts, module.split(".")
    if there[0] == "torch" and here[0] != "learner":
        return "only learner imports torch"
    if there[0] == "mlflow" and here[0] != "learner" and path != MIRROR:
        return "only learner imports mlflow, and the process of Model's mirror"
    if (reason := opens_games(path, module) or impure(path, module)) is not None:
        return reason
    if there[-1] in KINDS_OF_GAMES and here[:2] != ("mazemesh", "games"):
        return "what a game's kind means for others, the game, its engine or its spec says"
    adapter = bool({"stores", "blobs", "launchers", "job_runner"} & set(here)) or here[:2] == (
        "supervisor",
        "cloud",
    )
    if there[0] in DRIVERS and not adapter:
        return "a driver is imported only by the adapter in stores/ or blobs/ that uses it"
    if there[0] == "supervisor" and here[0] != "supervisor":
        return "nothing knows the supervisor"
    if here[0] == "mazemesh" and there[0] in ABOVE:
        return "the library knows no service, actor or learner"
    if here[0] == "services" and there[0] in ("actor", "learner"):
        return "a service knows neither actor nor learner"
    if there[:2] == ["mazemesh", "cli"] and here[0] in ABOVE and not of_commands(path):
        return "only the commands of a room know the command line"
    if (
        here[0] == there[0] == "services"
        and len(here) > 2
        and there[1:]
        and there[1] not in (here[1], "_harness")
    ):
        return "a service never imports another one"
    return None


def impure(path: str, module: str) -> str | None:
    """Why the core of a service may not import `module`, or None when it may."""
    room, *inner = PurePosixPath(path).with_suffix("").parts
    if room != "services" or inner[0] == "_harness" or OUTSIDE & set(inner):
        return None
    if module in IMPURE.get(path, ()):
        return None
    own = module.split(".")
    if any(module == one or module.startswith(f"{one}.") for one in WORLD) or (
        own[0] == "services" and OUTSIDE & set(own)
    ):
        return "the core of a service knows no wire, store, clock, file or thread"
    return None


def clocks(source: str) -> list[int]:
    """Lines that ask what time it is."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    ]


def of_commands(path: str) -> bool:
    """Whether a file is among a room's commands, which act for the user of this machine."""
    parts = PurePosixPath(path).parts
    return "cli" in parts or parts[-1] == "cli.py"


def opens_games(path: str, module: str) -> str | None:
    """Why the import may let a name that came over the network open a game, or None.

    Services and actors are told names by others. Only the Game service opens games, by the
    `Catalogue` of what its operator allowed.
    """
    here = PurePosixPath(path).parts
    if here[0] not in ("services", "actor"):
        return None
    if here[0] == "actor" and of_commands(path):
        return None
    if module == "mazemesh.games" or any(
        module == one or (one != "mazemesh.games" and module.startswith(f"{one}."))
        for one in OPENING
    ):
        return "who is told names by others opens no game by any name"
    if "Catalogue" in module.split(".") and here[:2] != ("services", "game"):
        return "only the Game service has a catalogue"
    if here[0] == "services" and here[1] in PLAYS_NO_GAME:
        known = [f"mazemesh.games.{one}" for one in PURE]
        of_games = module.startswith("mazemesh.games.")
        if of_games and not any(module == one or module.startswith(f"{one}.") for one in known):
            return "only the Game service has games; others ask it for specs"
        if module.startswith(
            ("mazemesh.game_replay", "mazemesh.envs", "mazemesh.wire.specs.spec_to")
        ):
            return "only the Game service has games"
    return None


def test_every_import_keeps_the_rules() -> None:
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert files
    broken = [
        f"{path} imports {module}: {reason}"
        for path, source in (
            (file.relative_to(ROOT).as_posix(), file.read_text()) for file in files
        )
        for module in imported_modules(path, source)
        if (reason := forbidden(path, module))
    ]
    assert not broken, "\n".join(broken)


def core_files() -> Iterator[tuple[str, str]]:
    """Path and source of each file of a service's core."""
    for file in sorted((ROOT / "services").rglob("*.py")):
        path = file.relative_to(ROOT)
        if path.parts[1] != "_harness" and not OUTSIDE & set(path.with_suffix("").parts):
            yield path.as_posix(), file.read_text()


def test_the_core_asks_no_calendar() -> None:
    asking = {path: lines for path, source in core_files() if (lines := clocks(source))}
    assert not asking, "the time is passed in"
    assert clocks("from datetime import datetime\nnow = datetime.now()") == [2]


def test_every_exception_is_still_needed() -> None:
    imported = {path: set(imported_modules(path, source)) for path, source in core_files()}
    unneeded = {
        path: left
        for path, allowed in IMPURE.items()
        if (left := allowed - imported.get(path, set()))
    }
    assert not unneeded


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("services/matchmaker/lobby/lobby.py", "from mazemesh.v1 import game_pb2"),
        ("services/matchmaker/lobby/lobby.py", "from mazemesh.wire.specs import settings_to_proto"),
        ("services/matchmaker/lobby/lobby.py", "from services.matchmaker.metrics import X"),
        ("services/matchmaker/rating/leases.py", "from time import time"),
        ("services/elo/standings/board.py", "import sqlalchemy.orm"),
        ("services/elo/standings/board.py", "from ..stores import sql"),
        ("services/elo/standings/board.py", "from services.elo.wire import answers"),
        ("services/game/play/hold.py", "import grpc.aio"),
        ("services/game/play/hold.py", "from google.protobuf.message import DecodeError"),
        ("services/model/registry/registry.py", "import threading"),
        ("mazemesh/games/mazes/engine.py", "import services.game"),
        ("mazemesh/client/x.py", "def f():\n    from learner import export"),
        ("mazemesh/wire/tensors.py", "import torch"),
        ("mazemesh/cli/options.py", "def f():\n    from services.elo import settings"),
        ("mazemesh/cli/app.py", "import learner"),
        ("mazemesh/cli/app.py", "from actor.cli import league"),
        ("mazemesh/cli/options.py", "from supervisor.stopped import started"),
        ("learner/cli.py", "import supervisor"),
        ("services/replay/cli.py", "from supervisor import stopped"),
        ("actor/rating/duel.py", "from mazemesh.cli.options import Json"),
        ("services/replay/cli.py", "from services.elo import settings"),
        ("services/elo/bind.py", "from services.game.settings import GameSettings"),
        ("services/elo/bind.py", "from services import game"),
        ("services/elo/bind.py", "from ..game import settings"),
        ("services/elo/bind.py", "import learner"),
        ("services/_harness/server.py", "from services.elo import bind"),
        ("services/replay/table/table.py", "import redis"),
        ("services/model/servicer.py", "from boto3 import client"),
        ("services/model/bind.py", "import mazemesh.cli.up"),
        ("mazemesh/policy/onnx_policy.py", "import torch.nn as nn"),
        ("mazemesh/policy/onnx_policy.py", "import mlflow"),
        ("services/game/wire/convert.py", "from mazemesh.games import open_game"),
        ("services/game/wire/convert.py", "import mazemesh.games"),
        ("services/game/wire/convert.py", "from mazemesh import games"),
        ("services/game/wire/convert.py", "from mazemesh.games.foreign import load"),
        (
            "services/game/play/warm.py",
            "from mazemesh.games.foreign.processes.process import WorkerProcess",
        ),
        ("services/model/wire/registry/messages.py", "from mazemesh.games import get_game"),
        ("services/model/wire/registry/messages.py", "from mazemesh.games import Catalogue"),
        ("services/matchmaker/rating/ladders.py", "from mazemesh.games.ladder import ladder"),
        ("services/matchmaker/rating/ladders.py", "from mazemesh.games.registry import get_game"),
        (
            "services/matchmaker/training/snapshots.py",
            "from mazemesh.games.foreign import foreign_among",
        ),
        (
            "learner/loop/trainer.py",
            "from mazemesh.games.foreign.environments.names import is_foreign",
        ),
        ("mazemesh/cli/games/games.py", "from mazemesh.games.foreign import ForeignGame"),
        ("services/_harness/peers/game_specs.py", "from mazemesh.game_replay import verify"),
        ("actor/selfplay/play.py", "from mazemesh.games import open_game"),
        ("actor/selfplay/play.py", "from mazemesh.games import Catalogue"),
    ],
)
def test_a_broken_rule_is_found(path: str, source: str) -> None:
    assert any(forbidden(path, module) for module in imported_modules(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("supervisor/cli/up.py", "import services.game, learner, actor, mazemesh.cli.options"),
        ("services/replay/cli.py", "from mazemesh.cli.options import Json"),
        ("actor/cli/league.py", "from mazemesh.games import Catalogue"),
        ("services/elo/bind.py", "from services._harness import Server\nfrom services import elo"),
        ("services/elo/bind.py", "from .settings import EloSettings\nimport mazemesh.errors"),
        ("services/replay/stores/redis.py", "import redis.asyncio"),
        ("learner/train.py", "import torch, mlflow"),
        ("learner/run.py", "from mazemesh.games import open_game"),
        ("services/game/wire/convert.py", "from mazemesh.games import Catalogue, get_game"),
        ("services/matchmaker/rating/ladders.py", "from mazemesh.games import GameSettings, seeds"),
        (
            "services/matchmaker/rating/ladders.py",
            "from mazemesh.games.ladder import is_time_trial",
        ),
    ],
)
def test_what_the_rules_allow_passes(path: str, source: str) -> None:
    assert not any(forbidden(path, module) for module in imported_modules(path, source))


def test_model_and_matchmaker_have_nothing_loaded_that_opens_a_game() -> None:
    program = (
        "import importlib, json, pkgutil, sys\n"
        "import mazemesh.client.mesh, services.matchmaker, services.model\n"
        "for room in (services.matchmaker, services.model):\n"
        "    for found in pkgutil.walk_packages(room.__path__, f'{room.__name__}.'):\n"
        "        if '.migrations' not in found.name and not found.name.endswith('__main__'):\n"
        "            importlib.import_module(found.name)\n"
        "print(json.dumps([n for n in sys.modules if n.startswith('mazemesh.games')]))"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=110)
    loaded = json.loads(run.stdout)
    assert "mazemesh.games.spec" in loaded
    assert not [name for name in loaded if name.startswith("mazemesh.games.foreign")]
    assert "mazemesh.games.mazes.engine" not in loaded
