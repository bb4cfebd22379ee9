"""Whether the machine code of a game is on disk: known without loading numba."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_MAZES = Path(__file__).parent


def sources() -> list[Path]:
    """All files that kernels are made of."""
    games = _MAZES.parent
    found = [games / "bots.py", games / "random.py", games.parent / "packing" / "words.py"]
    for folder in ("kernels", "rules"):
        found += sorted((_MAZES / folder).rglob("*.py"))
    return found


@cache
def source_hash() -> str:
    """Of all files that kernels are made of; the name of their machine code carries it."""
    digest = hashlib.sha256()
    for source in sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def is_compiled(game: str) -> bool:
    """Whether a process would find a game's step on disk; True for games that have no kernels."""
    step = f"{game.replace('-', '_')}_step"
    if not (_MAZES / "rules" / f"{step}.py").exists():
        return True
    wanted = f"{step}.step-{source_hash()}-*.nbi"  # as numba names its index: file.function-line
    return any(next(folder.rglob(wanted), None) is not None for folder in folders())


def folders() -> Iterator[Path]:
    """Where numba keeps machine code, first come first: as told, beside the source, the user's."""
    told = os.environ.get("NUMBA_CACHE_DIR")
    if told:
        yield Path(told)
    yield _MAZES / "rules" / "__pycache__"
    home = Path.home()
    if sys.platform == "darwin":
        yield home / "Library" / "Caches" / "numba"
    else:
        yield Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "numba"
