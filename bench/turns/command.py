"""`python -m bench turns`: tic-tac-toe and connect four, learned by self-play."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.turns.judging import PERFECT, judging
from bench.turns.mesh import train
from mazemesh.analysis.tally import Tally
from mazemesh.games import bot_policy
from mazemesh.games.foreign import policy_name

app = typer.Typer()

TICTACTOE = "pettingzoo:classic/tictactoe-v3"
CONNECT_FOUR = "pettingzoo:classic/connect_four-v3"


@app.command()
def main(
    tictactoe_seconds: Annotated[float, typer.Option(min=20, help="Of its training.")] = 180.0,
    connect_four_seconds: Annotated[float, typer.Option(min=20, help="Of its training.")] = 240.0,
    only: Annotated[str, typer.Option(help="tictactoe or connect_four; both unless set.")] = "",
    games: Annotated[int, typer.Option(min=2, help="Of each comparison, half as first.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the runs.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train by `mazemesh up`, then play the newest version greedily through the Game service.

    NAME_random is the share of points against bot/random, a draw for half, NAME_random_won that of
    games won outright: who never loses tic-tac-toe wins .9556 of such games at most, as random
    draws now and then. tictactoe_perfect_losses are games lost against full minimax, which plays
    any of the best moves.
    """
    told: dict[str, Any] = {}
    if only != "connect_four":
        told |= learned("tictactoe", TICTACTOE, tictactoe_seconds, games, seed, perfect=True)
    if only != "tictactoe":
        told |= learned("connect_four", CONNECT_FOUR, connect_four_seconds, games, seed)
    typer.echo(json.dumps(told) if as_json else "\n".join(f"{k}: {v}" for k, v in told.items()))


def learned(
    name: str, game: str, seconds: float, games: int, seed: int, *, perfect: bool = False
) -> dict[str, Any]:
    """Trains in a fresh data folder and judges; keys begin with `name`."""
    with tempfile.TemporaryDirectory(prefix="bench-turns-") as folder:
        data = Path(folder) / "data"
        run = train(game, seconds, seed, data)
        return {
            **judged(name, game, data, games, perfect=perfect),
            f"{name}_agent_steps": run.agent_steps,
            f"{name}_seconds": round(run.seconds, 1),
        }


def judged(
    name: str, game: str, data: Path, games: int, *, perfect: bool = False
) -> dict[str, Any]:
    """What the newest version in a data folder does against random, and the perfect player."""
    told: dict[str, Any] = {}
    with judging(data, game, policy_name(game)) as judge:
        by_chance = judge.against(bot_policy("random"), games)
        told[f"{name}_policy"] = judge.policy
        told[f"{name}_random"] = round(by_chance.score, 4)
        told[f"{name}_random_won"] = round(by_chance.win_rate, 4)
        told[f"{name}_random_games"] = _outcomes(by_chance)
        if perfect:
            tally = judge.against(PERFECT, games)
            told[f"{name}_perfect_losses"] = tally.losses
            told[f"{name}_perfect_games"] = _outcomes(tally)
    return told


def _outcomes(tally: Tally) -> list[int]:
    """Wins, draws, losses."""
    return [tally.wins, tally.draws, tally.losses]
