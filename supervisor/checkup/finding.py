"""One result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        check: What was looked at.
        verdict: "fail" prevents a start, "warn" costs time or comfort.
        detail: What was found, with its figures.
        mend: What to do about it; "" where nothing is to be done.
    """

    check: str
    verdict: Verdict
    detail: str
    mend: str = ""
