"""How tournaments are shown: text, SVG, JSON."""

from __future__ import annotations

import io
import json
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from mazemesh.cli import following
from mazemesh.cli.ratings import tournaments
from mazemesh.errors import InvalidArgument
from mazemesh.tournaments.asking import request
from mazemesh.tournaments.data import tournament_data
from mazemesh.tournaments.svg import svg
from mazemesh.tournaments.text import bracket, headline, standings, upper
from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb
from services.matchmaker.tournaments.plan import Forfeit, Format, Log
from services.matchmaker.tournaments.run import TournamentState
from services.matchmaker.tournaments.tournament import fold
from services.matchmaker.wire.tournaments import encounter_messages, tournament_message
from tests.contract.matchmaker.test_tournaments import run as stored
from tests.unit.matchmaker.tournaments.test_tournaments import plan


def played(format_: Format, size: int, share: float = 1.0, **given: object) -> View:
    """A tournament as the service tells it, with about such a share of its matches."""
    from dataclasses import replace

    from services.matchmaker.tournaments.run import Entrant

    own = plan(format_, size)
    rng = np.random.default_rng(size)
    scores: dict[str, tuple[float, ...]] = {}
    forfeits: dict[str, Forfeit] = {}
    state = fold(own, Log())
    while not state.over:
        ready = [one for one in state.next if rng.random() < share]
        if not ready:
            break
        for one in ready:
            if rng.random() < 0.05:
                forfeits[one.key] = Forfeit.FIRST
            else:
                scores[one.key] = (*scores.get(one.key, ()), float(rng.integers(5)) / 4)
        state = fold(own, Log(scores, forfeits))
    names = [f"<{name}>" if index == 1 else name for index, name in enumerate(own.entrants)]
    entrants = tuple(Entrant(name, (name.strip("<>"),)) for name in names)
    over = TournamentState.FINISHED if state.over else TournamentState.RUNNING
    run = replace(
        stored("a"), plan=own, entrants=entrants, sides=(), state=over, winners=(0,), **given
    )
    view = View()
    view.take(tournament_message(run, state), encounter_messages(run, state.encounters))
    return view


@pytest.mark.parametrize("format_", list(Format))
@pytest.mark.parametrize("size", [2, 3, 5, 16, 33])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_picture_is_well_formed_and_names_everybody(
    format_: Format, size: int, share: float
) -> None:
    view = played(format_, size, share)
    root = ElementTree.fromstring(svg(view))
    drawn = [text for each in root.iter() for text in each.itertext()]
    for entrant in view.tournament.entrants:
        assert entrant.name in drawn
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [each.attrib for each in root.iter() if each.tag.endswith("rect")]
    for box in boxes:
        assert 0 <= float(box["x"]) <= width - float(box["width"])
        assert 0 <= float(box["y"]) <= height - float(box["height"])
    places = [(box["x"], box["y"]) for box in boxes]
    assert len(places) == len(set(places))
    if view.is_elimination:
        titles = "".join(drawn)
        assert all(view.line(one) in titles for one in view.encounters.values())
    assert "\n".join(bracket(view))
    json.dumps(tournament_data(view))


def test_the_tree_of_a_bracket() -> None:
    view = View()
    summary = pb.TournamentSummary(format=pb.TOURNAMENT_FORMAT_SINGLE_ELIMINATION)
    names = [pb.TournamentEntrant(name=name) for name in "abc"]
    played, bye = pb.ENCOUNTER_END_PLAYED, pb.ENCOUNTER_END_BYE
    view.take(
        pb.Tournament(summary=summary, entrants=names),
        [
            pb.TournamentEncounter(key="w1.1", round=1, first=0, winner=0, end=bye),
            pb.TournamentEncounter(
                key="w1.2", round=1, first=1, second=2, second_points=1, winner=2, end=played
            ),
            pb.TournamentEncounter(key="w2.1", round=2, first=0, second=2),
        ],
    )
    assert upper(view) == [
        "a     ─┐",
        "       ├─a     ─┐",
        "(bye) ─┘        │",
        "                ├─?",
        "b     ─┐        │",
        "       ├─c 1-0 ─┘",
        "c     ─┘",
    ]


def test_encounters_in_words() -> None:
    view = played(Format.SWISS, 5)
    assert [name for name, _ in view.stages()] == ["s1", "s2"]
    bye = next(one for one in view.encounters.values() if not one.HasField("second"))
    assert view.line(bye).endswith("has a bye")
    one = pb.TournamentEncounter(first=0, second=2)
    assert view.line(one) == "race:1 - race:3: open"
    one.matches, one.first_points = 1, 0.5
    assert view.line(one) == "race:1 - race:3: 0.5-0 so far"
    one.deadline.FromSeconds(0)
    assert "waits for people until 1970-01-01 00:00:00" in view.line(one)
    one.end = pb.ENCOUNTER_END_SEED
    assert view.line(one).endswith("0.5-0, by seed")
    one.end = pb.ENCOUNTER_END_VOID
    assert view.line(one).endswith("not played")
    one.end = pb.ENCOUNTER_END_FORFEIT
    one.absent.append(2)
    assert view.line(one).endswith("race:3 forfeited")


def test_a_tournament_in_a_line_and_as_a_table() -> None:
    view = played(Format.DOUBLE, 5, explanation="race:1 won after 9 matches", played=9)
    assert headline(view) == "Ünder way: finished; 9 matches played; race:1 won after 9 matches"
    rows = standings(view)
    assert rows[0][0] == "1"
    assert len(rows) == 5
    assert len(standings(view, 2)) == 2


def test_live_on_a_terminal_and_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [played(Format.DOUBLE, 5, 0.5), played(Format.DOUBLE, 5)]
    following.watched(told, headline, tournaments._picture, quiet=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    screen = io.StringIO()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        following, "literal_console", lambda: Console(file=screen, force_terminal=True, width=200)
    )
    following.watched(told, headline, tournaments._picture, quiet=False)
    assert "s-berger" in screen.getvalue()
    assert "race:1" in screen.getvalue()


def test_plain_words_become_a_request() -> None:
    made = request("swiss", ["race:1", "reds=race:2,player/ann"], rated=False, patience=2.5)
    assert [list(one.members) for one in made.entrants] == [["race:1"], ["race:2", "player/ann"]]
    assert [one.name for one in made.entrants] == ["", "reds"]
    assert (made.HasField("rated"), made.patience.seconds) == (True, 2)
    assert not request("single", []).HasField("rated")
    with pytest.raises(InvalidArgument, match="'knockout' is none of round-robin"):
        request("knockout", [])
    with pytest.raises(InvalidArgument, match="'luck' is none of rating"):
        request("single", [], seeding="luck")
