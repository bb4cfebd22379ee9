"""A database's file is where its URL says, whatever its path is made of."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from mazemesh.sqlite_url import sqlite_file, sqlite_url

ODD = ("a%2Fb", "a?b=c", "a#b", "a b", "ünï", "[x]", "-dash", "100%", "a%20b", "a+b@c:d", "a%b")


@pytest.mark.parametrize("name", ODD)
def test_a_url_leads_to_its_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name / "x.sqlite"
    file.parent.mkdir()
    url = sqlite_url(file)
    assert make_url(url) == URL.create("sqlite", database=str(file))
    assert sqlite_file(url) == file
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE here (x)"))
    engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with sqlite3.connect(file) as plain:
        assert plain.execute("SELECT name FROM sqlite_master").fetchall() == [("here",)]
    plain.close()


def test_what_is_no_file_of_sqlite() -> None:
    assert sqlite_file("postgresql://user@host/name") is None
    assert sqlite_file("http://127.0.0.1:5000") is None
    assert sqlite_file("sqlite://") is None
    assert sqlite_file("sqlite:///:memory:") is None
