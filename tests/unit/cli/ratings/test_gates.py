"""How gates and promotions are shown."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from mazemesh.cli import following
from mazemesh.cli.ratings import gates, promotion
from mazemesh.errors import NotFound, Unavailable
from mazemesh.v1.elo_pb2 import GATE_VERDICT_PASSED, GATE_VERDICT_RUNNING, Gate, GateMemory
from mazemesh.v1.matchmaker_pb2 import (
    GATE_RUN_STATE_PROMOTED,
    GATE_RUN_STATE_RUNNING,
    GateRun,
)
from mazemesh.v1.model_pb2 import AliasMove


def run(ratio: float = 0.0, **given: object) -> GateRun:
    gate = Gate(
        gate_id="gate-1",
        ladder="race",
        candidate="race:4",
        baseline="race:3",
        verdict=GATE_VERDICT_RUNNING,
        matches=7,
        counts=[1, 0, 2, 0, 4],
        ratio=ratio,
        lower=-2.94,
        upper=2.94,
    )
    return GateRun(state=GATE_RUN_STATE_RUNNING, gate=gate, **given)  # type: ignore[arg-type]


def ended() -> GateRun:
    over = run(
        3.0, explanation="race:champion moved from race:3", starter="ann", promote="champion"
    )
    over.state = GATE_RUN_STATE_PROMOTED
    over.gate.verdict = GATE_VERDICT_PASSED
    over.gate.memories.append(GateMemory(ancestor="race:1", score=3, games=4, chance_worse=0.125))
    return over


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (0.0, "fails [-----*-----] passes"),
        (2.94, "fails [-----|====*] passes"),
        (99.0, "fails [-----|====*] passes"),
        (-2.94, "fails [*====|-----] passes"),
        (1.2, "fails [-----|=*---] passes"),
    ],
)
def test_a_ratio_is_between_its_bounds(ratio: float, shown: str) -> None:
    assert gates.scale(-2.94, ratio, 2.94, 11) == shown


def test_bounds_that_are_not_known_yet_have_no_picture() -> None:
    assert gates.scale(0.0, 0.0, 0.0) == ""


def test_a_gate_in_a_line() -> None:
    assert gates.line(run(1.5, issued=9)) == (
        "race:4 against race:3: running; 7 matches; ratio 1.50 in -2.94..2.94"
    )
    waiting = run(memory_issued=1, memory_matches=4, explanation="waits for an evaluator")
    assert "1 of 4 matches against ancestors" in gates.line(waiting)
    assert gates.line(waiting).endswith("; waits for an evaluator")


def shown(*runs: GateRun, quiet: bool = False) -> GateRun:
    return following.watched(runs, gates.line, gates.picture, quiet=quiet)


def test_in_a_pipe_each_change_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    last = shown(run(0.1), run(0.1), run(0.2), ended())
    assert last == ended()
    assert len(capsys.readouterr().out.splitlines()) == 3
    shown(run(), quiet=True)
    assert capsys.readouterr().out == ""


def test_on_a_terminal_it_is_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        following, "literal_console", lambda: Console(file=screen, force_terminal=True, width=200)
    )
    shown(run(0.1), ended())
    assert "passes" in screen.getvalue()
    assert "race:4 against race:3: promoted" in screen.getvalue()


class Client:
    """Tells a gate, and is away now and then."""

    def __init__(self, *told: GateRun | Exception) -> None:
        self.told = list(told)

    def watch_gate_run(self, gate_id: str) -> Iterator[GateRun]:
        assert gate_id == "gate-1"
        while self.told:
            one = self.told.pop(0)
            if isinstance(one, Exception):
                raise one
            yield one


def test_a_watch_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_PAUSE", 0.001)
    away = Unavailable("stopping")
    client = Client(run(0.1), away, away, run(0.2), ended())
    assert list(following.followed(lambda: client.watch_gate_run("gate-1"))) == [
        run(0.1),
        run(0.2),
        ended(),
    ]
    with pytest.raises(NotFound):
        list(following.followed(lambda: Client(NotFound("none")).watch_gate_run("gate-1")))


def test_a_champion_is_explained() -> None:
    move = AliasMove(
        name="race",
        alias="champion",
        from_version=3,
        version=4,
        revision=9,
        reason="it passed",
        mover="matchmaker",
        key_id="k1",
        gate_id="gate-1",
    )
    lines = promotion.explained(move, ended())
    assert lines[0] == "moved from race:3 at 1970-01-01 00:00:00 (UTC) by matchmaker with key k1"
    assert "reason: it passed" in lines
    assert "matches by score: 1 of 0, 0 of 0.25, 2 of 0.5, 0 of 0.75, 4 of 1" in lines
    assert lines[-1].startswith("ancestor: race:1, 3 of 4 games, worse with a chance of 0.1")
    assert "does not know" in promotion.explained(move, None)[-1]
    assert "by itself" in promotion.explained(None, None)[0]
    data = gates.gate_data(ended())
    assert (data["state"], data["verdict"], data["end_time"]) == ("promoted", "passed", None)
    assert promotion.move_data(move)["gate_id"] == "gate-1"
