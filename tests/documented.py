"""Commands that pages tell a reader to type, and which test runs them.

A block of shell on a page of a tour is run by tests/e2e/test_pages.py as it stands, in order,
unless a comment above it says something else:

* `<!-- run by tests/x/test_y.py::test_z -->`: that test runs it, or what it stands for;
* `<!-- stays up -->`: it runs until the end of the tour, as in a terminal of its own;
* `<!-- with NAME installed -->`: the package in the folder NAME is found, as `pip install` would
  have it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SHELLS = ("bash", "console", "sh", "shell", "zsh")
# Each is one person's way through the site, in one folder.
TOURS = {
    "researcher": ("index.md", "for/researcher.md"),
    "game-author": ("for/game-author.md",),
    "platform-engineer": ("for/platform-engineer.md",),
    "contributor": ("for/contributor.md",),
}
# Says what another page says, command by command.
TRANSLATIONS = {"index.ja.md": "index.md"}

_TAG = r"(?:^<!-- (?P<tag>[^\n]*?) -->\n)?"
_BLOCK = re.compile(
    rf"{_TAG}^(?P<in>[ ]*)```(?:{'|'.join(SHELLS)})\n(?P<text>.*?)^[ ]*```", re.M | re.S
)
_RUN_BY = re.compile(r"run by (?P<file>[^\s:]+)(?:::(?P<test>\w+))?")
_WITH = re.compile(r"with (?P<package>[a-z0-9-]+) installed")


@dataclass(frozen=True)
class Block:
    """Commands of a page, and what stands above them."""

    page: str
    line: int
    text: str
    tag: str = ""

    def __post_init__(self) -> None:
        if self.tag and not (self.stays or _RUN_BY.fullmatch(self.tag) or self.package):
            raise ValueError(f"{self.where}: {self.tag!r} says neither who runs it nor how")

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def run_by(self) -> tuple[str, str] | None:
        """File and function of another test, "" for all of the file."""
        found = _RUN_BY.fullmatch(self.tag)
        return (found["file"], found["test"] or "") if found else None

    @property
    def stays(self) -> bool:
        return self.tag == "stays up"

    @property
    def package(self) -> str:
        found = _WITH.fullmatch(self.tag)
        return found["package"] if found else ""


def blocks(page: str, folder: Path = DOCS) -> list[Block]:
    """Blocks of shell of a page."""
    text = (folder / page).read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["text"], found["tag"] or "")
        for found in _BLOCK.finditer(text)
    ]


def languages(page: str) -> list[str]:
    """What fences of a page say that they hold; "" where they say nothing."""
    fences = re.findall(r"^[ ]*```(.*)$", (DOCS / page).read_text(encoding="utf-8"), re.M)
    return fences[::2]


def commands(text: str) -> Iterator[list[str]]:
    """Each command of a block as its words, without variables before it and comments behind."""
    begun = ""
    for line in text.splitlines():
        begun += line
        if begun.endswith("\\"):
            begun = begun[:-1]
            continue
        try:
            words = split(begun)
        except ValueError:  # a quotation goes on
            begun += "\n"
            continue
        begun = ""
        yield from _commands(words)
    assert not begun, f"{begun!r} does not end"


def split(line: str) -> list[str]:
    """Words and operators of a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    return list(lexer)


def _commands(line: list[str]) -> Iterator[list[str]]:
    words: list[str] = []
    for word in [*line, ";"]:
        if word and set(word) <= set(";&|<>"):
            if words:
                yield words
            words = []
        elif inner := re.fullmatch(r"\$\((.*)\)", word):
            yield from commands(inner[1])
            words.append(word)
        elif words or not re.match(r"[A-Za-z_]+=", word):
            words.append(word)
