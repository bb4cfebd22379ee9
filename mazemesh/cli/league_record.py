"""What the league of a data folder is made of, as `mazemesh up --league` wrote it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "league.json"
"""In the data folder: `main`, `members`, and `events`, what happened to them, the last one last."""

MOST_EVENTS = 1000


def read_league(data_dir: Path) -> dict[str, Any] | None:
    """The record; None where there is none, or it cannot be read."""
    try:
        found: dict[str, Any] = json.loads((data_dir / FILE).read_text())
    except (OSError, ValueError):
        return None
    return found if {"main", "members", "events"} <= found.keys() else None


def write_league(data_dir: Path, record: Mapping[str, Any]) -> None:
    """Writes the file whole or not at all; of the events the newest."""
    kept = {**record, "events": list(record["events"])[-MOST_EVENTS:]}
    temporary = data_dir / f"{FILE}.tmp"
    temporary.write_text(json.dumps(kept, indent=2) + "\n")
    temporary.replace(data_dir / FILE)


COLUMNS = ("member", "kind", "runs", "starts", "why")


def member_rows(record: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Rows of a table with `COLUMNS`, the main policy first."""
    main = (record["main"], "main", "yes", 1, "it is what the run is for")
    return [
        main,
        *(
            (
                one["name"],
                one["kind"],
                "yes" if one["running"] else "",
                one["starts"],
                one["reason"],
            )
            for one in record["members"]
        ),
    ]
