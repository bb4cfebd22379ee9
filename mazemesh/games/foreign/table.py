"""A table of environments, and whether each is played, or refused for the reason that it tells."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from mazemesh.errors import InvalidArgument

Verdict = Literal["passed", "refused", "failed", "missing"]


@dataclass(frozen=True)
class Row:
    """One environment.

    Attributes:
        game: Its name, as `open_game` takes it.
        needs: Modules without which it is not there.
        refused: Part of the reason for which it is refused; empty: it passes.
        quick: Whether it is checked where time is short.
    """

    game: str
    needs: tuple[str, ...] = ()
    refused: str = ""
    quick: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a row.

    Attributes:
        game: Its name.
        verdict: "passed", "refused" by mazemesh, "failed" a check, or "missing" packages.
        as_expected: Whether the table says so; missing ones count as such.
        detail: The spec, the reason, or what was wrong.
    """

    game: str
    verdict: Verdict
    as_expected: bool
    detail: str


def read_table(file: Path | None = None) -> list[Row]:
    """The rows of a table in TOML, [[environment]] each; without a file those of mazemesh.

    Raises:
        InvalidArgument: it is none.
    """
    own = files("mazemesh.games.foreign") / "environments.toml"
    text = own.read_text("utf-8") if file is None else file.read_text("utf-8")
    try:
        return [_row(entry) for entry in tomllib.loads(text)["environment"]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InvalidArgument(f"{file or own} is no table of environments: {error}") from error


def check_row(row: Row, steps: int) -> Result:
    """Opens and checks an environment."""
    from mazemesh.games import open_game
    from mazemesh.games.foreign.check import check_game

    missing = [module for module in row.needs if find_spec(module) is None]
    if missing:
        return Result(row.game, "missing", True, f"install {', '.join(missing)}")
    try:
        game = open_game(row.game)
    except InvalidArgument as error:
        reason = str(error)
        return Result(row.game, "refused", bool(row.refused) and row.refused in reason, reason)
    findings = list(check_game(game, steps))
    wrong = "; ".join(f"{one.check}: {one.detail}" for one in findings if not one.passed)
    if wrong:
        return Result(row.game, "failed", bool(row.refused) and row.refused in wrong, wrong)
    return Result(row.game, "passed", not row.refused, findings[0].detail)


def _row(entry: dict[str, Any]) -> Row:
    return Row(**{**entry, "needs": tuple(entry.get("needs", ()))})
