"""Who may import whom: the architecture, checked over the import statements of every file."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("mazemesh", "services", "actor", "learner")
DRIVERS = {"redis", "boto3", "botocore", "psycopg"}


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
    if there[0] in DRIVERS and "stores" not in here:
        return "a driver is imported only by the adapter in stores/ that uses it"
    if here[0] == "mazemesh" and here[1] != "cli" and there[0] in ("services", "actor", "learner"):
        return "the library knows no service, actor or learner"
    if here[0] == "services" and there[0] in ("actor", "learner"):
        return "a service knows neither actor nor learner"
    if here[0] == "services" and there[:2] == ["mazemesh", "cli"]:
        return "a service does not know the command line"
    if (
        here[0] == there[0] == "services"
        and len(here) > 2
        and there[1:]
        and there[1] not in (here[1], "_harness")
    ):
        return "a service never imports another one"
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
        ("mazemesh/games/engine.py", "import services.game"),
        ("mazemesh/client/x.py", "def f():\n    from learner import export"),
        ("mazemesh/tensors.py", "import torch"),
        ("services/elo/bind.py", "from services.game.settings import GameSettings"),
        ("services/elo/bind.py", "from services import game"),
        ("services/elo/bind.py", "from ..game import settings"),
        ("services/elo/bind.py", "import learner"),
        ("services/_harness/server.py", "from services.elo import bind"),
        ("services/replay/table.py", "import redis"),
        ("services/model/servicer.py", "from boto3 import client"),
        ("services/model/bind.py", "import mazemesh.cli.up"),
        ("actor/policy.py", "import torch.nn as nn"),
        ("actor/policy.py", "import mlflow"),
    ],
)
def test_a_broken_rule_is_found(path: str, source: str) -> None:
    assert any(forbidden(path, module) for module in imported_modules(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mazemesh/cli/up.py", "import services.game, learner, actor"),
        ("services/elo/bind.py", "from services._harness import Server\nfrom services import elo"),
        ("services/elo/bind.py", "from .settings import EloSettings\nimport mazemesh.errors"),
        ("services/replay/stores/redis.py", "import redis.asyncio"),
        ("learner/train.py", "import torch, mlflow"),
    ],
)
def test_what_the_rules_allow_passes(path: str, source: str) -> None:
    assert not any(forbidden(path, module) for module in imported_modules(path, source))
