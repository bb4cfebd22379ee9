"""A package for a game of one's own, from a template: rules, tests, and the entry point."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from mazemesh.errors import AlreadyExists, InvalidArgument

KINDS = {
    "solo": "gymnasium",
    "parallel": "pettingzoo",
    "turns": "pettingzoo",
}
"""By kind of game, the library that it is written with."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def write_package(name: str, kind: str, folder: Path) -> list[Path]:
    """Writes a package that works as it stands, in a new folder; its files.

    Args:
        name: Of the game: small letters, digits and hyphens, first a letter.
        kind: "solo" (one player, Gymnasium), "parallel" (all move at once) or "turns".
        folder: To be made; its parent exists.

    Raises:
        InvalidArgument: the name cannot be one, or the kind is none.
        AlreadyExists: there is such a folder.
    """
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(module):
        raise InvalidArgument(
            f"name: {name[:80]!r} should be 1..40 small letters, digits and '-', first a letter"
        )
    if kind not in KINDS:
        raise InvalidArgument(f"kind: {kind[:80]!r} is none of {', '.join(KINDS)}")
    if folder.exists():
        raise AlreadyExists(f"{folder} is there already; name another folder, or remove it")
    words = {"name": name, "module": module, "library": KINDS[kind], "maker": "Game"}
    words["rules"] = _template(f"{kind}_rules.py").rstrip()
    content = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{module}/__init__.py": "__init__.py",
        f"{module}/game.py": f"{kind}.py",
        "tests/test_game.py": "test_game.py",
    }
    written = []
    for place, template in content.items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        text = Template(_template(template)).substitute(words)
        file.write_text(text.rstrip() + "\n", encoding="utf-8")
        written.append(file)
    return written


def _template(name: str) -> str:
    return (files("mazemesh.games.foreign") / "template" / f"{name}.txt").read_text("utf-8")
