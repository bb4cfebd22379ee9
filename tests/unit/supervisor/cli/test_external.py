"""`mazemesh up` on a game that a simulator plays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mazemesh.errors import InvalidArgument
from supervisor.cli.up import _external
from supervisor.running.layout import MeshPlan, lay_out


def test_the_learner_is_told_the_file_by_its_whole_path() -> None:
    flags = _external("external:cart", Path("cart.toml"), league=False, exploiters=0)
    assert flags == (f"--spaces={Path('cart.toml').absolute()}",)
    assert _external("race", None, league=False, exploiters=0) == ()


@pytest.mark.parametrize(
    ("game", "spaces", "exploiters", "expected"),
    [
        ("race", Path("x"), 0, "goes with --game external:NAME"),
        ("external:cart", None, 0, "--spaces FILE"),
        ("external:Cart", Path("x"), 0, "external:NAME"),
        ("external:cart", Path("x"), 1, "nobody here plays"),
    ],
)
def test_what_does_not_go_together_is_refused(
    game: str, spaces: Path | None, exploiters: int, expected: str
) -> None:
    with pytest.raises(InvalidArgument, match=expected):
        _external(game, spaces, league=False, exploiters=exploiters)


def test_nobody_is_told_to_play_it(tmp_path: Path) -> None:
    plan = MeshPlan(
        data_dir=tmp_path,
        host="127.0.0.1",
        port_base=50051,
        game="external:cart",
        policy="cart",
        algorithm="ppo",
        actors=0,
        evaluators=0,
    )
    layout = lay_out(plan)
    assert [worker.name for worker in layout.workers] == ["learner"]
    told = layout.environment
    for name in ("MAZEMESH_MATCHMAKER_GAMES", "MAZEMESH_GAME_WARM_GAMES"):
        assert not told[name] or "external:cart" not in json.loads(told[name])
