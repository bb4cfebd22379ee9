"""Each `mazemesh` line of README and docs is one that the command line understands.

Blocks of commands are read as they stand: commands, options, values. Of code within a sentence,
which may be half a command, each word that is a command or an option is one that exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mazemesh.cli.app import app
from tests.documented import ROOT, blocks, commands

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "docs/for/*.md", "examples/*/*.md", "deploy/*/*.md")
    for path in ROOT.glob(pattern)
)
# Files and folders that are of the reader.
COMMAND_LINE: Any = typer.main.get_command(app)
AT_ONCE = ("--help", "--version", "--install-completion")
"""Options that are carried out where they are read."""
ABSENT = re.compile(r"does not exist|No such file")


def shown(page: str) -> Iterator[list[str]]:
    for block in blocks(page, ROOT):
        yield from (words for words in commands(block.text) if words[0] == "mazemesh")


def mentioned(page: str) -> Iterator[list[str]]:
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.M | re.S)
    for code in re.findall(r"`(mazemesh [^`]*)`", text):
        yield from (words for words in commands(code.replace("\n", " ")) if words[0] == "mazemesh")


@pytest.mark.parametrize("page", PAGES)
def test_the_command_line_understands_what_is_shown(page: str) -> None:
    wrong = [(" ".join(words), why) for words in shown(page) if (why := objection(words))]
    assert not wrong


@pytest.mark.parametrize("page", PAGES)
def test_what_is_mentioned_exists(page: str) -> None:
    wrong = [" ".join(words) for words in mentioned(page) if objection(words) and not exists(words)]
    assert not wrong


@pytest.mark.parametrize("line", ["mazemesh upp", "mazemesh up --gamee race", "mazemesh keys make"])
def test_what_there_is_not_is_seen(line: str) -> None:
    assert objection(line.split())
    assert not exists(line.split())


def objection(words: list[str]) -> str:
    """What the command line has against a command; "" for nothing."""
    if len(words) == 2 and words[1] in AT_ONCE:
        return ""
    command: Any = COMMAND_LINE
    context: Any = None
    try:
        name, rest = words[0], words[1:]
        while True:
            context = command.make_context(name, list(rest), parent=context)
            if not hasattr(command, "resolve_command"):
                return ""
            rest = [*context._protected_args, *context.args]
            if not rest:
                return "" if command.invoke_without_command else "it asks for a command"
            name, command, rest = command.resolve_command(context, rest)
    except Exception as error:
        why = error.format_message() if hasattr(error, "format_message") else str(error)
        return "" if ABSENT.search(why) else f"{type(error).__name__}: {why}"


def exists(words: list[str]) -> bool:
    """Whether the command's names, and the options that it shows, are known."""
    command: Any = COMMAND_LINE
    rest = words[1:]
    while rest and hasattr(command, "get_command") and re.fullmatch(r"[a-z][a-z-]*", rest[0]):
        context = command.make_context("mazemesh", [], resilient_parsing=True)
        found = command.get_command(context, rest[0])
        if found is None:
            break
        command, rest = found, rest[1:]
    if hasattr(command, "get_command") and rest and not command.invoke_without_command:
        return rest[0].startswith("--") or rest[0] in ("...", "COMMAND")
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "--install-completion", "--version", "--json"}
    return all(word.partition("=")[0] in known for word in rest if re.match(r"--[a-z]", word))


def test_pages_are_found() -> None:
    assert {"README.md", "docs/operations.md", "docs/for/researcher.md"} <= set(PAGES)
    assert sum(1 for page in PAGES for _ in shown(page)) > 100
    assert Path(ROOT / "docs").is_dir()
