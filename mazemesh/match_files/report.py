"""What became of a file that was imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mazemesh.match_files.refusal import Refusal

MOST_REFUSALS: Final = 100
"""That are kept, of those that were counted."""


@dataclass
class ImportReport:
    """Counts of a file, or of what was read of it so far.

    Attributes:
        dry_run: Whether nothing was to be recorded.
        rows: Rows that were read.
        matches: Matches that they are, those that were refused left out.
        new: Matches that the service did not have.
        recorded: Matches that it has from now on.
        duplicates: Matches that it, or the file, had already.
        refused: Rows, or matches of several rows, that were refused.
        refusals: The first of these.
        ignored: Columns that mean nothing.
    """

    dry_run: bool = False
    rows: int = 0
    matches: int = 0
    new: int = 0
    recorded: int = 0
    duplicates: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)

    def refuse(self, refusal: Refusal) -> None:
        """Counts a row that is refused."""
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(refusal)
