"""Every command that a tour of the site shows is run: by its own test, or by the one it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.documented import (
    DOCS,
    ROOT,
    SHELLS,
    TOURS,
    TRANSLATIONS,
    Block,
    blocks,
    commands,
    languages,
)

PAGES = [page for pages in TOURS.values() for page in pages]
ELSEWHERE = [block for page in PAGES for block in blocks(page) if block.run_by]


def test_each_first_page_and_each_tour_is_walked_by_a_test() -> None:
    found = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("index*.md")}
    found |= {path.relative_to(DOCS).as_posix() for path in DOCS.glob("for/*.md")}
    assert found == {*PAGES, *TRANSLATIONS}


@pytest.mark.parametrize("page", TRANSLATIONS)
def test_a_translation_shows_the_same_commands(page: str) -> None:
    shown, original = blocks(page), blocks(TRANSLATIONS[page])
    assert [(one.text, one.tag) for one in shown] == [(one.text, one.tag) for one in original]


@pytest.mark.parametrize("page", PAGES)
def test_no_commands_hide_in_other_fences(page: str) -> None:
    fenced = languages(page)
    assert len([name for name in fenced if name in SHELLS]) == len(blocks(page))
    others = {name for name in fenced if name not in SHELLS}
    assert all(name.startswith("{") for name in others), "its language says whether it is run"


@pytest.mark.parametrize("block", ELSEWHERE, ids=lambda block: block.where)
def test_who_is_said_to_run_it_does(block: Block) -> None:
    assert block.run_by is not None
    name, test = block.run_by
    file = ROOT / name
    assert file.is_file(), f"{block.where}: there is no {name}"
    if test:
        assert test in functions(file), f"{block.where}: {name} has no {test}"
    text = said(file)
    for words in commands(block.text):
        assert telling(words) in text, f"{block.where}: {name} does not say {telling(words)!r}"


def test_a_tag_that_says_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("<!-- run by nobody yet -->\n```bash\nmazemesh up\n```\n")
    with pytest.raises(ValueError, match="neither who runs it nor how"):
        blocks("page.md", tmp_path)


SHELL = """A=b mazemesh up --for 5s > out  # all
x \\
  y; eval "$(mazemesh cloud connect)" && z '{
  1}'
"""


def test_commands_are_found_wherever_they_stand() -> None:
    first = [["mazemesh", "up", "--for", "5s"], ["out"], ["x", "y"]]
    inner = [["mazemesh", "cloud", "connect"], ["eval", "$(mazemesh cloud connect)"]]
    assert list(commands(SHELL)) == [*first, *inner, ["z", "{\n  1}"]]


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def said(file: Path) -> str:
    """The text of a test, of what lies beside it, and of the scripts that a script starts."""
    if file.suffix == ".py":
        return "".join(path.read_text() for path in sorted(file.parent.glob("*.py")))
    text = file.read_text()
    return text + "".join(
        (ROOT / name).read_text() for name in re.findall(r"scripts/[a-z-]+", text)
    )


def telling(words: list[str]) -> str:
    """The word of a command that says most: of `mazemesh cloud up --yes` "up"."""
    names = []
    for word in words:
        if not re.fullmatch(r"[a-z/-]+", word) or word.startswith("-"):
            break
        names.append(word)
    if not names:
        return words[0] if words[0] != "eval" else ""
    if names[0] == "pip":
        return ""  # no package is installed by a test; what is tested is that it works as it lies
    return names[-1].rpartition("/")[2]
