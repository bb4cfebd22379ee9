"""Which games are opened under names that came from elsewhere."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import Catalogue, get_game, list_games, open_game
from mazemesh.games.foreign.environments import names

WALK = "pettingzoo:tests.foreign_games:Walk"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> str:
    """A game that an installed package offers."""
    point = EntryPoint("walk", "tests.foreign_games:Walk", names.GROUP)
    monkeypatch.setattr(names, "plugins", lambda: {"walk": point})
    return "walk"


def test_games_of_mazemesh_are_always_there() -> None:
    for game in list_games():
        assert Catalogue().get(game.name) is game


@pytest.mark.parametrize(
    "name",
    [WALK, f"{WALK}?fails=raise", "gymnasium:CartPole-v1", "walk", "os", "pettingzoo:os:system"],
)
def test_what_is_not_allowed_is_refused_and_told_how_to_allow_it(name: str) -> None:
    games = Catalogue(["gymnasium:Other-v0", "race"], how="ask Ann")
    wanted = rf"^game: {re.escape(repr(name))} is not allowed here; allowed are collect, .*, solo"
    with pytest.raises(InvalidArgument, match=f"{wanted}, and .* gymnasium:Other-v0.*: ask Ann$"):
        games.get(name)
    with pytest.raises(InvalidArgument, match="the games of mazemesh are collect"):
        get_game(name)


def test_a_foreign_game_is_allowed_with_exactly_its_arguments() -> None:
    games = Catalogue([f"{WALK}?fails=raise"])
    assert games.foreign == (f"{WALK}?fails=raise",)
    assert games.get(f"{WALK}?fails=raise") is open_game(f"{WALK}?fails=raise")
    for other in (WALK, f"{WALK}?fails=crash", f"{WALK}?fails=raise&fails=raise"):
        with pytest.raises(InvalidArgument, match="not allowed"):
            games.get(other)


def test_installed_games_are_allowed_by_a_word_and_without_arguments(installed: str) -> None:
    assert Catalogue(["installed"]).check(installed) == installed
    assert Catalogue(["installed"]).foreign == (installed,)
    with pytest.raises(InvalidArgument, match="not allowed"):
        Catalogue(["installed"]).check(f"{installed}?fails=crash")
    with pytest.raises(InvalidArgument, match="not allowed"):
        Catalogue(["installed"]).check(WALK)
    with pytest.raises(InvalidArgument, match="not allowed"):
        Catalogue().check(installed)
    assert Catalogue([f"{installed}?fails=crash"]).check(f"{installed}?fails=crash")


def test_what_can_be_no_foreign_game_cannot_be_allowed() -> None:
    for name in ("chess", "gymnasium:", "x" * 65, "os:system"):
        with pytest.raises(InvalidArgument, match=r"^game: "):
            Catalogue([name])


def test_one_that_does_not_start_is_not_started_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or every request would cost a process."""
    (tmp_path / "counting.py").write_text(
        "open('starts', 'a').write('x')\nraise RuntimeError('not today')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    games = Catalogue(["pettingzoo:counting"])
    for _ in range(3):
        with pytest.raises(InvalidArgument, match="not today"):
            games.get("pettingzoo:counting")
    assert (tmp_path / "starts").read_text() == "x"
