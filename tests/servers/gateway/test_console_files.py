"""Pages of the console as they are served: both languages, no inline script, no word missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from learner.form import SECTIONS
from mazemesh.v1 import elo_pb2, matchmaker_pb2, model_pb2, registry_pb2
from services.gateway.console.messages import LANGUAGES, chosen, messages
from services.gateway.console.sitemap import PAGES, ROOT
from services.gateway.jobs.nouns.job import State
from services.gateway.rest.messages import words

HERE = Path(__file__).parents[3] / "services" / "gateway" / "console"
WORD = re.compile(r"""\bt\(\s*["']([a-z][\w.-]+)["']""")
QUOTED = re.compile(r"""["'`]([\w. -]+)["'`]|\b(\w+):""")


def told(enum: Any) -> list[str]:
    """Words of an enumeration of the contract, as REST tells them."""
    return [word for word in words(enum.DESCRIPTOR).values() if word != "unspecified"]


SERVED = {
    "gates.": told(elo_pb2.GateVerdict),
    "tournaments.": told(matchmaker_pb2.TournamentState),
    "policies.": told(registry_pb2.CheckOutcome),
    "policies.state.": told(model_pb2.PolicyState),
    "policies.kind.": told(model_pb2.ExperimentKind),
    "policies.experiment.": told(model_pb2.ExperimentState),
    "policies.metric.": told(model_pb2.ExperimentMetric),
    "jobs.": [state.value for state in State],
    "jobs.kind.": ["train", "tune"],
    "studies.": ["complete", "pruned", "failed"],
    "system.state.": ["serving", "not serving", "away"],
    "start.like.": ["game and algorithm", "game", "algorithm"],
    "start.section.": ["hyperparameters", *SECTIONS],
}
"""Words that services say, by what their keys begin with."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_served_without_inline_scripts(http: httpx.Client, language: str) -> None:
    for page in PAGES:
        answer = http.get(
            f"{ROOT}{page.path}".replace("{game_id:path}", "a/b"), params={"lang": language}
        )
        assert answer.status_code == 200, page
        assert f'<html lang="{language}"' in answer.text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text)
        for file in re.findall(r'(?:src|href)="(/console/[^"?]*\.\w+)"', answer.text):
            assert http.get(file).status_code == 200, file


def test_the_languages_say_the_same_sentences() -> None:
    known = {language: messages(language) for language in LANGUAGES}
    for language, said in known.items():
        assert said.keys() == known["en"].keys(), language
        for key, sentence in said.items():
            holes = re.findall(r"\{\w+\}", sentence)
            assert sorted(holes) == sorted(re.findall(r"\{\w+\}", known["en"][key])), key
            assert bool(sentence) == bool(known["en"][key]), key


def test_every_word_that_is_used_is_known() -> None:
    known = messages("en")
    for file in (*HERE.rglob("*.html"), *HERE.rglob("*.js")):
        for key in WORD.findall(file.read_text("utf-8")):
            assert key in known or key.endswith("."), f"{file.name}: {key}"


def test_every_word_that_is_known_is_used() -> None:
    text = "".join(file.read_text("utf-8") for file in (*HERE.rglob("*.html"), *HERE.rglob("*.js")))
    quoted = {one or other for one, other in QUOTED.findall(text)}
    said = {f"{begin}{word}" for begin, served in SERVED.items() for word in served}
    said |= {f"{page.name}.{part}" for page in PAGES for part in ("title", "lead")}
    said |= {f"{page.name}.nav" for page in PAGES if page.in_navigation}
    said |= {f"home.tour.{step}.{part}" for step in range(1, 6) for part in ("title", "text")}
    said |= {f"home.tour.{step}.link" for step in range(2, 6)}
    known = messages("en")
    assert not said - known.keys()
    for key in known.keys() - said - quoted:
        word = key.partition(".")[2].removesuffix(".explained").removesuffix(".at")
        assert word in quoted or word.rpartition(".")[2] in quoted, key


def test_modules_are_not_too_long_and_import_what_is_there() -> None:
    for file in HERE.rglob("*.js"):
        text = file.read_text("utf-8")
        assert len(text.splitlines()) <= 400, file
        for named in re.findall(r'(?:from|import)\s*\(?"(\.[^"]+)"', text):
            assert (file.parent / named).is_file(), f"{file.name}: {named}"


def test_the_language_is_of_the_address_then_the_cookie_then_the_browser() -> None:
    assert chosen("ja", "en") == "ja"
    assert chosen(None, "ja", accepted="en") == "ja"
    assert chosen("xx", None, accepted="fr;q=0.9, ja-JP;q=0.8, en;q=0.1") == "ja"
    assert chosen(accepted="de, *;q=x") == "en"


def test_a_file_is_sent_once(http: httpx.Client) -> None:
    first = http.get(f"{ROOT}/modules/dom.js")
    again = http.get(f"{ROOT}/modules/dom.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert http.get(f"{ROOT}/modules/../pages.py").status_code == 404
    assert http.get(f"{ROOT}/modules/%2e%2e/pages.py").status_code == 404
