"""A tracking database that was stopped in the making."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from learner.record.destinations.local_tracking import make_database


def made_by(monkeypatch: pytest.MonkeyPatch, *, stopped: bool = False) -> None:
    """Lets MLflow make one table, and perhaps be stopped then: the real one takes seconds."""

    class Client:
        def __init__(self, tracking_uri: str) -> None:
            self._file = tracking_uri.removeprefix("sqlite:///")

        def search_experiments(self) -> None:
            with sqlite3.connect(self._file) as database:
                database.execute("create table experiments (id integer)")
            if stopped:
                raise KeyboardInterrupt

    monkeypatch.setattr("mlflow.tracking.MlflowClient", Client)


def tables(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        return [name for (name,) in database.execute("select name from sqlite_master")]


def test_half_a_database_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mlflow" / "mlflow.db"
    made_by(monkeypatch, stopped=True)
    with pytest.raises(KeyboardInterrupt):
        make_database(path)
    assert not path.exists()
    made_by(monkeypatch)
    make_database(path)
    assert tables(path) == ["experiments"]
    assert list(path.parent.iterdir()) == [path]


def test_one_that_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as database:
        database.execute("create table mine (id integer)")
    made_by(monkeypatch)
    make_database(path)
    assert tables(path) == ["mine"]
