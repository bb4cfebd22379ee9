import numpy as np
import pytest

from services.elo.standings.filters import ALL, Filter, listed
from services.elo.standings.folding.players import Kind, kind_of, parents, version_of
from services.elo.standings.folding.records import Records
from services.elo.standings.standings import Standings

NAMES = ("race:1", "race:12", "racer:1", "bot/random", "player/zoe", "foreign/race:3", "foreign/x")


def all_of(chosen: Filter, finishes: dict[str, int] | None = None) -> list[str]:
    values = np.arange(float(len(NAMES)))[::-1]
    ranks = np.ones(len(NAMES), np.intp)
    order = tuple(range(len(NAMES)))
    standings = Standings(1, 1, NAMES, values, values, values, ranks, 0.0, order)
    players = Records()
    for name in NAMES:
        players.admit(name)
    for name, finish in (finishes or {}).items():
        players.played(NAMES.index(name), 1000.0, (1, 0, 0), finish)
    found = listed(standings, players, chosen).tolist()
    assert listed(standings, players, chosen).tolist() == found  # as it is kept
    return [NAMES[index] for index in found]


def test_kinds_of_players() -> None:
    kinds = (Kind.POLICY,) * 3 + (Kind.BOT, Kind.PERSON, Kind.FOREIGN, Kind.FOREIGN)
    assert tuple(map(kind_of, NAMES)) == kinds


def test_versions_of_elsewhere_have_parents_too() -> None:
    assert version_of("foreign/race:3") == ("foreign/race", 3)
    assert version_of("foreign/a:b") is None
    assert version_of("bot/random") is None
    names = ["foreign/race:3", "race:2", "foreign/race:1", "race:1"]
    assert parents(names) == [2, 3, -1, -1]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (ALL, NAMES),
        (Filter("race:"), ("race:1", "race:12")),
        (Filter(run="race"), ("race:1", "race:12")),
        (Filter(run="foreign/race"), ("foreign/race:3",)),
        (Filter(kinds=frozenset({Kind.BOT, Kind.PERSON})), ("bot/random", "player/zoe")),
        (Filter("race:1", "race", frozenset({Kind.POLICY})), ("race:1", "race:12")),
        (Filter(run="race", kinds=frozenset({Kind.BOT})), ()),
    ],
)
def test_players_are_chosen_by_name(chosen: Filter, expected: tuple[str, ...]) -> None:
    assert tuple(all_of(chosen)) == expected


def test_players_are_chosen_by_when_they_played_last() -> None:
    finishes = {"race:1": 5, "bot/random": 7}
    assert all_of(Filter(active_since=6), finishes) == ["bot/random"]
    assert all_of(Filter(active_since=5, run="race"), finishes) == ["race:1"]


def test_digests_tell_filters_apart() -> None:
    filters = [
        ALL,
        Filter("a"),
        Filter(run="a"),
        Filter(kinds=frozenset({Kind.BOT})),
        Filter(active_since=1),
    ]
    assert len({one.digest for one in filters}) == len(filters)
    assert ALL.digest == ""
