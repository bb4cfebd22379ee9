"""Docstrings, which are Google's form around Markdown, for Sphinx, which reads reStructuredText."""

from __future__ import annotations

import importlib
import re
from typing import Any

from sphinx.application import Sphinx

LAZY = ("mazemesh", "mazemesh.policy", "mazemesh.games.foreign")
FENCE = re.compile(r"(\s*)```(\w*)\s*$")
CODE = re.compile(r"(``.*?``|`[^`]*`)")
BULLET = re.compile(r"\s*(?:[-*] )?")


def translate(
    app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]
) -> None:
    """Makes code blocks of fences, and of signs that Markdown takes as they are, themselves."""
    made: list[str] = []
    inside = False
    for line in lines:
        found = FENCE.match(line)
        if found is None:
            made.append((f"    {line}" if line else "") if inside else escaped(line))
            continue
        inside = not inside
        made += ["", f"{found[1]}.. code-block:: {found[2] or 'text'}", ""] if inside else [""]
    lines[:] = made


def escaped(line: str) -> str:
    """A line whose stars and underscores stay, and whose code may be followed by a letter."""
    bullet = BULLET.match(line)
    assert bullet is not None
    parts = CODE.split(line[bullet.end() :])
    for i, part in enumerate(parts):
        if not part.startswith("`"):
            part = part.replace("*", r"\*")
            parts[i] = re.sub(r"(?<=\w)_(?!\w)", r"\_", part)
            continue
        # Two backticks, in which a colon does not end a type either.
        end = r"\ " if re.match(r"\w", parts[i + 1]) else ""
        parts[i] = part + end if part.startswith("``") else f"`{part}`{end}"
    return bullet[0] + "".join(parts)


def load(app: Sphinx) -> None:
    """Loads what packages load when it is first asked for, and `dir` does not name before."""
    for package in LAZY:
        module = importlib.import_module(package)
        for name in module.__all__:
            setattr(module, name, getattr(module, name))


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx asks of an extension."""
    app.connect("builder-inited", load)
    # Before napoleon, which writes reStructuredText.
    app.connect("autodoc-process-docstring", translate, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
