"""`mazemesh train`, `actor`, `evaluator`: attach one more process; `preset`: what to train with."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, PortBase, errors_as_lines, find

PASS_ON: dict[str, Any] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}
"""Flags these commands do not know are the process's own; so is --help."""


def train(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Attach a learner run (--help shows its flags)."""
    _become(["learner"], context, data_dir, host, port_base)


class Algorithm(StrEnum):
    """How a learner learns."""

    PPO = "ppo"
    RECURRENT_PPO = "recurrent-ppo"
    IMPALA = "impala"
    DQN = "dqn"
    R2D2 = "r2d2"


def preset(
    game: Annotated[str, typer.Argument(help="Game: race, gymnasium:CartPole-v1 (`games`).")],
    algorithm: Annotated[Algorithm, typer.Option(help="How to learn it.")] = Algorithm.PPO,
) -> None:
    """Print a game's training settings, each with its meaning, as a file for --config."""
    with errors_as_lines():
        from learner.preset_file import preset_text

        typer.echo(preset_text(game, algorithm.value), nl=False)


def actor(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Attach an actor that plays for a policy (--help shows its flags)."""
    _become(["actor", "play"], context, data_dir, host, port_base)


def evaluator(
    context: typer.Context,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
) -> None:
    """Attach an evaluator that plays rating matches (--help shows its flags)."""
    _become(["actor", "evaluate"], context, data_dir, host, port_base)


def _become(
    module: list[str],
    context: typer.Context,
    data_dir: Any,
    host: str | None,
    port_base: int | None,
) -> None:
    """Replaces this process: the worker then gets signals and its exit status counts."""
    from dataclasses import asdict

    from mazemesh.client.addresses import Addresses
    from mazemesh.process.interpreter import run_module

    with errors_as_lines():
        addresses = asdict(Addresses.from_environment(*find(data_dir, host, port_base)))
    environment = {
        **os.environ,
        **{f"MAZEMESH_{name.upper()}_ADDRESS": address for name, address in addresses.items()},
        "MAZEMESH_DATA_DIR": str(data_dir),
    }
    command = run_module(*module, *context.args)
    sys.stdout.flush()
    os.execve(command[0], command, environment)  # noqa: S606 (no shell is wanted)
