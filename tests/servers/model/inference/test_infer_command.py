"""`mazemesh infer` against a Model service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from mazemesh.cli.app import app
from tests.servers.model.inference.test_infer import seen
from tests.servers.model_policies import NETWORK, publish
from tests.servers.model_server import running_model

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running_model(tmp_path_factory.mktemp("model")) as model:
        publish(model.client)
        runner = CliRunner(env={"MAZEMESH_MODEL_ADDRESS": model.address})
        folder = str(tmp_path_factory.mktemp("none"))
        yield lambda *words: runner.invoke(app, ["infer", *words, "--data-dir", folder])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "seen.npz"
    np.savez(path, **seen(30))
    return path


def test_without_a_file_it_tells_what_is_taken_and_given(run: Run) -> None:
    told = run("race")
    assert told.exit_code == 0, told.stderr
    lines = [line.split("\t") for line in told.stdout.splitlines()]
    assert lines[0] == ["way", "column", "dtype", "row", "may be left out"]
    assert ["in", "observation", "uint8", "[12]", ""] in lines
    assert ["in", "action_mask", "uint8", "[5]", "yes"] in lines
    assert ["out", "logits", "float32", "[5]", ""] in lines
    data = json.loads(run("race:1", "--json").stdout)
    assert (data["policy"], data["state_size"], len(data["columns"])) == ("race:1", 0, 5)


def test_answers_are_shown_printed_or_saved(run: Run, file: Path, tmp_path: Path) -> None:
    shown = run("race", str(file))
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.splitlines()[0].split("\t") == ["row", "action", "value"]
    assert len(shown.stdout.splitlines()) == 21
    assert "10 more rows" in shown.stderr
    words = ("race", str(file), "--output", "logits", "--output", "action", "--temperature", "0")
    data = json.loads(run(*words, "--json").stdout)
    columns = seen(30)
    logits, _ = NETWORK.answer(columns["observation"], columns["action_mask"])
    assert data["policy"] == "race:1"
    np.testing.assert_allclose(data["columns"]["logits"], logits, rtol=1e-5, atol=1e-5)
    out = tmp_path / "answers.npz"
    assert f"race:1 answered logits, action: {out}" in run(*words, "--out", str(out)).stdout
    with np.load(out) as saved:
        assert saved["action"].tolist() == data["columns"]["action"]


def test_what_is_wrong_is_one_line(run: Run, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, observation=np.zeros((2, 3), np.uint8))
    text = tmp_path / "text.npz"
    text.write_text("no columns")
    for words, told in (
        (("nobody", str(file)), "no policy is named 'nobody'"),
        (("race", str(other)), "columns has 6 bytes of 'observation'; expected 24"),
        (("race", str(text)), "is no .npz with columns"),
        (("race", str(tmp_path / "nothing.npz")), "No such file"),
    ):
        result = run(*words)
        assert result.exit_code == 1, words
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1
