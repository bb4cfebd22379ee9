"""A folder that plays a policy without the mesh says what the mesh says."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mazemesh.edge.card import Rating
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.v1.model_pb2 import PolicyVersion
from tests.edge_policies import CASES, Shelf, close, expected_actions, exported, maze_policy, run
from tests.onnx_policies import Network


@pytest.fixture(scope="module", params=CASES)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shelf, Path]:
    held = CASES[request.param]()
    folder = tmp_path_factory.mktemp("edge") / "out"
    exported(held, folder)
    return held, folder


@pytest.mark.parametrize("file", ["policy.onnx", "policy.ort"])
def test_the_runner_in_python_answers_and_acts_as_the_mesh_does(
    written: tuple[Shelf, Path], file: str
) -> None:
    held, folder = written
    told = run(folder, sys.executable, "run.py", file)
    assert max(one["gap"] for one in told) <= 1e-4
    for one, expected in zip(told, expected_actions(held, folder), strict=True):
        assert one["action"].keys() == expected.keys()
        assert all(close(one["action"][name], expected[name]) for name in expected)


def test_the_card_tells_where_it_comes_from_and_what_each_file_is(tmp_path: Path) -> None:
    held = maze_policy(Network)
    rating = Rating("race-7x7", 1234.6, 1200.0, 1270.0, 80)
    done = exported(held, tmp_path / "out", ratings=lambda *_: [rating], licence="CC-BY-4.0")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    page = (tmp_path / "out" / "README.md").read_text()
    assert (card["policy"], card["ancestors"]) == ("race:3", ["race:2", "race:1"])
    assert card["licence"] == "CC-BY-4.0"
    assert card["ratings"][0]["rating"] == 1234.6
    assert "| race-7x7 | 1235 | 1200 .. 1270 | 80 |" in page
    names = {one.name for one in done.files}
    assert names | {"card.json", "README.md"} == {
        path.name for path in (tmp_path / "out").iterdir()
    }
    for one in card["files"]:
        data = (tmp_path / "out" / one["name"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
        assert one["sha256"] in page
    assert (tmp_path / "out" / "policy.onnx").read_bytes() == held.data


def test_eight_bits_are_smaller_and_how_much_they_differ_is_told(tmp_path: Path) -> None:
    done = exported(maze_policy(Network), tmp_path / "out")
    files = {one.name: one for one in done.files}
    small, whole = files["policy.int8.onnx"], files["policy.onnx"]
    assert small.size_bytes < whole.size_bytes / 2
    assert whole.agreement is not None
    assert whole.agreement.largest_difference == 0
    assert small.agreement is not None
    assert 0 < small.agreement.largest_difference < 0.5
    assert small.agreement.same_actions > 0.8
    gaps = [one["gap"] for one in run(done.folder, sys.executable, "run.py", small.name)]
    assert max(gaps) <= small.agreement.largest_difference + 1e-6


def test_a_form_that_answers_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(data: bytes) -> bytes:
        model = onnx.load_model_from_string(data)
        weight = next(one for one in model.graph.initializer if one.name == "wl")
        more = numpy_helper.to_array(weight) * np.float32(1.01)
        weight.CopyFrom(numpy_helper.from_array(more, "wl"))
        return model.SerializeToString()

    monkeypatch.setattr("mazemesh.edge.bundle.ort_format", changed)
    with pytest.raises(FailedPrecondition, match=r"race:3 in ORT format differs by .* 0\.0001"):
        exported(maze_policy(Network), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(InvalidArgument, match="has something in it"):
        exported(maze_policy(Network), tmp_path)
    with pytest.raises(InvalidArgument, match="has something in it"):
        exported(maze_policy(Network), tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert exported(maze_policy(Network), empty).folder == empty


def test_a_version_without_a_game_says_so(tmp_path: Path) -> None:
    held = Shelf({"race:3": PolicyVersion(name="race", version=3)}, Network().file())
    with pytest.raises(InvalidArgument, match="race:3 does not say which game"):
        exported(held, tmp_path / "out")


def test_the_lock_file_names_no_registry(tmp_path: Path) -> None:
    exported(maze_policy(Network), tmp_path / "out")
    packages = json.loads((tmp_path / "out" / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
