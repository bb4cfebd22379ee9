import os
from pathlib import Path

import pytest

from mazemesh.client.credentials import read_key_file
from mazemesh.errors import InvalidArgument
from supervisor.running import own_keys


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MAZEMESH_")]:
        monkeypatch.delenv(name)


def test_a_laptop_has_no_keys(tmp_path: Path) -> None:
    assert own_keys.prepare(tmp_path, "127.0.0.1", ("race",)) == {}
    assert list(tmp_path.iterdir()) == []


def test_processes_have_keys_that_are_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAZEMESH_KEYS", "on")
    files = own_keys.prepare(tmp_path, "127.0.0.1", ("race",))
    texts = {name: read_key_file(file) for name, file in files.items()}
    assert len(set(texts.values())) == len(texts)
    again = own_keys.prepare(tmp_path, "127.0.0.1", ("race",))
    assert {name: read_key_file(file) for name, file in again.items()} == texts
    other = own_keys.prepare(tmp_path, "127.0.0.1", ("solo",))
    changed = {name for name, file in other.items() if read_key_file(file) != texts[name]}
    assert changed == {"learner"}  # it publishes another policy now


def test_the_key_of_each_process(tmp_path: Path) -> None:
    files = {"learner": tmp_path / "learner.key", "actor": tmp_path / "actor.key"}
    assert own_keys.of(files, "learner-race-exploiter") == ("--key-file", str(files["learner"]))
    assert own_keys.of(files, "actor-3") == ("--key-file", str(files["actor"]))
    assert own_keys.of(files, "elo") == ()


def test_beyond_this_machine_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="mazemesh certs"):
        own_keys.prepare(tmp_path, "0.0.0.0", ("race",))


def test_insecure_has_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAZEMESH_INSECURE", "true")
    assert own_keys.prepare(tmp_path, "0.0.0.0", ("race",)) == {}
