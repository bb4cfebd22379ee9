"""The documentation site as `scripts/docs` builds it: whole, links sound, of this host alone."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache, cached_property
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import mazemesh
from mazemesh.v1 import elo_pb2, game_pb2, matchmaker_pb2, model_pb2, replay_pb2
from tests.documented import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CONTRACT = {
    "elo": elo_pb2,
    "game": game_pb2,
    "matchmaker": matchmaker_pb2,
    "model": model_pb2,
    "replay": replay_pb2,
}
# Whoever builds it has no network: not by chance, but because each look at it is an error.
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"the documentation asks the network: {event} {arguments}")
sys.addaudithook(refuse)
"""
TAG = re.compile(r"<(?P<name>[a-z]+)\s(?P<rest>[^>]*)>")
PLACE = re.compile(r'\b(?P<of>href|src|srcset|action|data|poster)="(?P<to>[^"]*)"')
LOADED = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')]*)")
NAME = re.compile(r'\b(?:id|name)="([^"]*)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once a run: processes that test side by side share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    out, done = shared / "documentation", shared / "documentation-is-built"
    with (shared / "documentation-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build(tmp_path_factory.mktemp("hooks"), out)
            done.touch()
    return out


def build(hooks: Path, out: Path) -> None:
    (hooks / "sitecustomize.py").write_text(NO_NETWORK)
    built = subprocess.run(
        [ROOT / "scripts" / "docs", out],
        env={**os.environ, "PYTHONPATH": str(hooks)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-5000:]
    assert built.stderr == ""


def test_scripts_docs_builds_it_without_a_warning(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert (site / "searchindex.js").stat().st_size > 100_000


def test_there_is_a_page_for_each_of_its_readers(site: Path) -> None:
    first = (site / "index.html").read_text()
    for reader in ("researcher", "game-author", "platform-engineer", "contributor"):
        assert (site / "for" / f"{reader}.html").is_file()
        assert f'href="for/{reader}.html"' in first
    assert 'href="index.ja.html"' in first
    assert '<html lang="ja"' in (site / "index.ja.html").read_text()


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contract_is_all_there_with_its_comments(site: Path, name: str) -> None:
    page = (site / "reference" / "contract" / f"{name}.html").read_text()
    described = CONTRACT[name].DESCRIPTOR
    for service in described.services_by_name.values():
        for method in service.methods:
            assert f">{method.name}<a" in page
    for message in described.message_types_by_name.values():
        assert f'id="proto-{message.name.lower()}"' in page
    source = (ROOT / "proto" / described.name).read_text()
    told = re.findall(r"^// ([A-Z][a-z]+ [a-z ]+)[.,;:]", source, re.M)
    assert told
    for sentence in told:
        assert sentence in page


def test_the_public_names_are_in_the_reference(site: Path) -> None:
    python = "".join(path.read_text() for path in (site / "reference" / "python").glob("*.html"))
    wanted = {f"mazemesh.{name}" for name in mazemesh.__all__ if not name.startswith("_")}
    wanted |= {f"mazemesh.client.mesh.Mesh.{name}" for name in ("game", "elo", "replay", "model")}
    wanted |= {"mazemesh.client.elo.EloClient", "learner.algorithms.algorithm.Algorithm"}
    assert not [name for name in wanted if f'id="{name}"' not in python]
    parts = {
        name: part.func.__annotations__["return"]
        for name, part in vars(mazemesh.Mesh).items()
        if isinstance(part, cached_property) and not name.startswith("_")
    }
    assert len(parts) >= 10
    assert not [name for name, kind in parts.items() if f'.{kind}"' not in python]


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    assert not [(page.name, to) for page in pages(site) for to in foreign(page)]
    sheets = list(site.rglob("*.css"))
    assert sheets
    assert not [(sheet.name, to) for sheet in sheets for to in LOADED.findall(sheet.read_text())]


def test_what_a_page_would_load_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel="stylesheet" href="https://a.example/x.css">'
        '<script defer src="//b.example/y.js"></script><img src="z.png">'
        '<a href="https://c.example/">who follows it, knows</a>'
    )
    assert foreign(page) == ["https://a.example/x.css", "//b.example/y.js"]
    sheet = "@import 'https://d.example/f.css'; a { background: url( \"//e.example/g.png\") }"
    assert LOADED.findall(sheet) == ["https://d.example/f.css", "//e.example/g.png"]


def test_every_link_leads_somewhere(site: Path) -> None:
    lost = []
    for page in pages(site):
        for tag, _, to in places(page):
            target = urlsplit(unescape(to))
            if target.scheme or target.netloc or to == "#":
                continue
            path = unquote(target.path)
            file = (page.parent / path).resolve() if path else page.resolve()
            wanted = {unquote(target.fragment)} - {""}
            if not file.is_file() or not wanted <= names(file):
                lost.append((page.name, tag, to))
    assert not lost


def pages(site: Path) -> list[Path]:
    """Without what the theme's own files are made of."""
    return [page for page in site.rglob("*.html") if "_static" not in page.parts]


def foreign(page: Path) -> list[str]:
    """What a page loads, without anybody's doing, from another host."""
    loaded = [to for tag, _, to in places(page) if tag != "a"]
    return [to for to in loaded if re.match(r"(?:[a-z]+:)?//", to.strip())]


def places(page: Path) -> Iterator[tuple[str, str, str]]:
    """Tag, attribute and target of whatever a page leads to or loads."""
    for found in TAG.finditer(page.read_text(encoding="utf-8")):
        for place in PLACE.finditer(found["rest"]):
            yield found["name"], place["of"], place["to"]


@cache
def names(page: Path) -> frozenset[str]:
    if page.suffix != ".html":
        return frozenset()
    return frozenset(unescape(name) for name in NAME.findall(page.read_text(encoding="utf-8")))
