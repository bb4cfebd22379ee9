"""The tree of commands."""

from __future__ import annotations

import typer

from mazemesh.cli import (
    games,
    inspect,
    league,
    mesh,
    model,
    playing,
    plot,
    replay,
    replays,
    tune,
    workers,
)

app = typer.Typer(
    name="mazemesh",
    help="Self-play and evaluation of maze agents: five services, actors, an evaluator, a learner.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(mesh.up)
app.command()(inspect.status)
app.command()(inspect.leaderboard)
app.command()(inspect.policies)
app.command()(league.league)
app.command()(model.publish)
app.command()(playing.play)
app.command()(playing.evaluate)
app.command()(plot.plot)
app.command()(tune.tune)
app.add_typer(games.app, name="games")
app.add_typer(replay.app, name="replay")
app.command("replays")(replays.list_replays)
app.command()(replays.replay_game)
app.command(context_settings=workers.PASS_ON)(workers.train)
app.command()(workers.preset)
app.command(context_settings=workers.PASS_ON)(workers.actor)
app.command(context_settings=workers.PASS_ON)(workers.evaluator)
