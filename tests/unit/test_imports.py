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
ALLOWED_UPWARD = {
    # `publish` looks at a file as Model and the actors will.
    ("mazemesh/cli/model.py", "actor.policies.behaviour.HeldOutPlay"),
    ("mazemesh/cli/model.py", "actor.policies.behaviour.answers"),
    ("mazemesh/cli/model.py", "actor.policies.policy.OnnxPolicy"),
    ("mazemesh/cli/policy_file.py", "services.model.validation.graph.check_graph"),
    ("mazemesh/cli/policy_file.py", "services.model.validation.rejection.Rejection"),
}
DRIVERS = {"redis", "boto3", "botocore", "psycopg"}
OPENING = (
    *("mazemesh.games", "mazemesh.games.open_game", "mazemesh.games.opening"),
    "mazemesh.games.foreign",
)
"""What can open a game by any name, or have it opened; a module, and whatever is in it."""

ALLOWED_OPENING = {
    # The class, to tell its games apart; making one starts nothing.
    ("services/game/play/batch.py", "mazemesh.games.foreign.ForeignGame"),
    ("services/game/play/room.py", "mazemesh.games.foreign.ForeignGame"),
    # What its arrays take, before any are made.
    ("services/game/play/room.py", "mazemesh.games.foreign.memory.shared_bytes"),
    # Ends an engine that a command of the user's own was given.
    ("actor/policies/behaviour.py", "mazemesh.games.foreign.check.close"),
    # Looks at a name.
    ("actor/rating/duel.py", "mazemesh.games.foreign.is_foreign"),
}
PLAYS_NO_GAME = {"_harness", "elo", "matchmaker", "model", "replay"}
PURE = (
    *("GameSettings", "GameSpec", "Purpose", "is_bot", "seeds", "settings", "spec"),
    *("ladder.is_time_trial", "ladder.sides"),
)
"""All of mazemesh.games that they know: settings and specs as data, seeds, bots by name."""


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
    if there[0] == "mlflow" and here[0] != "learner":
        return "only learner imports mlflow"
    if (reason := opens_games(path, module)) is not None:
        return reason
    if there[0] in DRIVERS and "stores" not in here:
        return "a driver is imported only by the adapter in stores/ that uses it"
    if there[0] == "supervisor" and here[0] != "supervisor":
        return "nothing knows the supervisor"
    if here[0] == "mazemesh" and there[0] in ABOVE and (path, module) not in ALLOWED_UPWARD:
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
    if here[0] not in ("services", "actor") or (path, module) in ALLOWED_OPENING:
        return None
    if here[0] == "actor" and of_commands(path):
        return None
    if module == "mazemesh.games" or any(
        module == one or (one != "mazemesh.games" and module.startswith(f"{one}."))
        for one in OPENING
    ):
        return "who is told names by others opens no game by any name"
    if "Catalogue" in module.split(".") and here[:2] not in (
        ("services", "game"),
        ("actor", "rating"),
    ):
        return "only the Game service has a catalogue"
    if here[0] == "services" and here[1] in PLAYS_NO_GAME:
        known = [f"mazemesh.games.{one}" for one in PURE]
        of_games = module.startswith("mazemesh.games.")
        if of_games and not any(module == one or module.startswith(f"{one}.") for one in known):
            return "only the Game service has games; others ask it for specs"
        if module.startswith(("mazemesh.game_replay", "mazemesh.envs", "mazemesh.wire.spec_to")):
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


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mazemesh/games/mazes/engine.py", "import services.game"),
        ("mazemesh/client/x.py", "def f():\n    from learner import export"),
        ("mazemesh/tensors.py", "import torch"),
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
        ("actor/policies/policy.py", "import torch.nn as nn"),
        ("actor/policies/policy.py", "import mlflow"),
        ("services/game/wire/convert.py", "from mazemesh.games import open_game"),
        ("services/game/wire/convert.py", "import mazemesh.games"),
        ("services/game/wire/convert.py", "from mazemesh import games"),
        ("services/game/wire/convert.py", "from mazemesh.games.foreign import load"),
        ("services/game/play/warm.py", "from mazemesh.games.foreign.process import WorkerProcess"),
        ("services/model/wire/messages.py", "from mazemesh.games import get_game"),
        ("services/model/wire/messages.py", "from mazemesh.games import Catalogue"),
        ("services/matchmaker/rating/ladders.py", "from mazemesh.games.ladder import ladder"),
        ("services/matchmaker/rating/ladders.py", "from mazemesh.games.registry import get_game"),
        (
            "services/matchmaker/training/snapshots.py",
            "from mazemesh.games.foreign import is_foreign",
        ),
        ("services/_harness/game_specs.py", "from mazemesh.game_replay import verify"),
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
        ("learner/loop/run.py", "from mazemesh.games import open_game"),
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
