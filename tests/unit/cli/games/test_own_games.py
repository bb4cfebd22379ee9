"""Which foreign games a user of this machine has allowed."""

import json
from pathlib import Path

import pytest

from mazemesh.cli.games.own_games import VARIABLE, foreign_games, own_games
from mazemesh.errors import InvalidArgument
from mazemesh.process.settings import parse_settings
from services.game.settings import GameServiceSettings
from services.matchmaker.settings import MatchmakerSettings
from supervisor.running.layout import MeshPlan, lay_out

COMMAS = "pettingzoo:games.mine?grid=[4,5]"


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def started_on(folder: Path, *games: str) -> Path:
    """A data folder with a run of each game."""
    for index, game in enumerate(games):
        run = folder / "learner" / f"policy-{index}"
        run.mkdir(parents=True)
        (run / "run.json").write_text(json.dumps({"game": game}))
    return folder


def test_runs_options_and_the_environment_allow_games(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_on(tmp_path, "gymnasium:A-v0", "race", COMMAS)
    monkeypatch.setenv(VARIABLE, "gymnasium:B-v0 installed")
    found = foreign_games(tmp_path, ["gymnasium:C-v0", "solo", ""])
    wanted = ["gymnasium:A-v0", "gymnasium:B-v0", "gymnasium:C-v0", "installed", COMMAS]
    assert list(found) == wanted
    assert own_games(tmp_path).check("gymnasium:A-v0")
    with pytest.raises(InvalidArgument, match=f"name it by --game, or in {VARIABLE}"):
        own_games(tmp_path).check("gymnasium:D-v0")


def test_a_description_that_cannot_be_read_allows_nothing(tmp_path: Path) -> None:
    started_on(tmp_path, "gymnasium:A-v0")
    for index, text in enumerate(("", "[]", "{}", '{"game": 1}', "no json")):
        broken = tmp_path / "learner" / f"broken-{index}"
        broken.mkdir()
        (broken / "run.json").write_text(text)
    assert foreign_games(tmp_path) == ("gymnasium:A-v0",)


def test_a_mesh_allows_its_own_game_and_those_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the supervisor hands on is what the services read, commas and all."""
    folder = started_on(tmp_path, "gymnasium:A-v0")
    plan = MeshPlan(
        *(folder, "127.0.0.1", 50051, COMMAS, "mine", "ppo"), foreign_games=("gymnasium:B-v0",)
    )
    for name, value in lay_out(plan).environment.items():
        monkeypatch.setenv(name, value)
    game = parse_settings(GameServiceSettings, [], "game")
    assert game.foreign_games == ("gymnasium:A-v0", "gymnasium:B-v0", COMMAS)
    assert game.warm_games == (COMMAS,)
    assert parse_settings(MatchmakerSettings, [], "matchmaker").games == (COMMAS,)


def test_a_mesh_of_mazes_allows_nothing_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for game in ("race", ""):
        environment = lay_out(MeshPlan(tmp_path, "127.0.0.1", 50051, game, "", "")).environment
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = parse_settings(GameServiceSettings, [], "game")
        assert (settings.foreign_games, settings.warm_games) == ((), ("race",))
