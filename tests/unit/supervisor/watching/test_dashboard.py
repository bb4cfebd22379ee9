"""The dashboard shows what users wrote as they wrote it."""

import io
from pathlib import Path

from rich.console import Console

from mazemesh.cli.output import literal_console
from mazemesh.v1.elo_pb2 import PlayerRating
from supervisor.running.layout import MeshPlan
from supervisor.watching.dashboard import Dashboard
from supervisor.watching.overview import Overview

ODD = "[x] [/y] :100: [red]"


def test_text_of_users_is_no_markup() -> None:
    console = literal_console(stderr=True)
    console.file = io.StringIO()
    console.width, console.height = 200, 60
    plan = MeshPlan(Path(f"/data/{ODD}"), "127.0.0.1", 50051, "race", ODD, "ppo")
    dashboard = Dashboard(plan, console)
    dashboard.tell(f"data in {ODD}")
    dashboard.show(
        Overview(
            states={"learner": ODD},
            replay={ODD: 3},
            leaderboard=(PlayerRating(player=ODD),),
        )
    )
    dashboard.close()
    shown = console.file.getvalue()
    for told in (f"{ODD} learns race", f"data in {ODD}", f"learner: {ODD}", f"replay {ODD}"):
        assert told in shown
    assert shown.count(ODD) == 5


def test_rich_would_read_it_as_markup_otherwise() -> None:
    console = Console(file=io.StringIO())
    console.print("[red]x:100:")
    assert "[red]" not in console.file.getvalue()  # type: ignore[attr-defined]
