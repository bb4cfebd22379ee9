"""A search's journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mazemesh.tuning.space import Value
from mazemesh.tuning.trial import Progress
from supervisor.tuning.journal import FILE, JournaledDisplay


class Shown:
    """A display that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def started(self, number: int, parameters: Mapping[str, Value]) -> None:
        self.told.append((number, dict(parameters)))

    def progress(self, number: int, progress: Progress) -> None:
        self.told.append((number, progress))

    def ended(self, number: int, outcome: str, finished: int) -> None:
        self.told.append((number, outcome, finished))


def test_each_end_is_a_line_and_all_is_shown(tmp_path: Path) -> None:
    shown = Shown()
    journal = JournaledDisplay(shown, tmp_path, 3)
    journal.note(1)
    journal.started(1, {"epochs": 2})
    journal.progress(1, Progress(5.0))
    journal.ended(1, "success 0.5", 2)
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [(line["finished"], line["trials"]) for line in lines] == [(1, 3), (2, 3)]
    assert lines[1]["outcome"] == "success 0.5"
    assert shown.told == [(1, {"epochs": 2}), (1, Progress(5.0)), (1, "success 0.5", 2)]
