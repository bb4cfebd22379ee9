"""Pages of the console as they are served: both languages, no inline script, no word missing."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from services.gateway.console.messages import LANGUAGES, chosen, messages
from services.gateway.console.sitemap import PAGES, ROOT

HERE = Path(__file__).parents[3] / "services" / "gateway" / "console"
WORD = re.compile(r"""\bt\(\s*["']([a-z][\w.-]+)["']""")


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
    for language, words in known.items():
        assert words.keys() == known["en"].keys(), language
        for key, sentence in words.items():
            holes = re.findall(r"\{\w+\}", sentence)
            assert sorted(holes) == sorted(re.findall(r"\{\w+\}", known["en"][key])), key
            assert bool(sentence) == bool(known["en"][key]), key


def test_every_word_that_is_used_is_known() -> None:
    known = messages("en")
    for file in (*HERE.rglob("*.html"), *HERE.rglob("*.js")):
        for key in WORD.findall(file.read_text("utf-8")):
            assert key in known or key.endswith("."), f"{file.name}: {key}"


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
