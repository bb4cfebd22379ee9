"""Which series and labels a PromQL expression asks for, as far as tests need to know."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{([^}]*)\})?")
_LABELS = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_OURS = ("mazemesh", "grpc_", "process_", "up")


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each series that is asked for, with the labels that it is chosen by."""
    bare = _GROUPED.sub(" ", expression)
    for match in _SELECTOR.finditer(bare):
        name, labels = match[1], match[2] or ""
        if name.startswith(_OURS):
            yield name, set(_LABELS.findall(labels))


def grouped(expression: str) -> set[str]:
    """Labels that results are put together by."""
    return {
        label.strip()
        for names in _GROUPED.findall(expression)
        for label in names.split(",")
        if label.strip()
    }
