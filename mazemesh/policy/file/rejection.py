"""Why a file does not become a ready version."""

from __future__ import annotations


class Rejection(Exception):
    """A check that a file did not pass; `str()` names the check and the figures.

    Attributes:
        check: Its name.
        reason: What was wrong, in words.
        figure: What was measured, where it was one number.
    """

    def __init__(self, check: str, reason: str, figure: float | None = None) -> None:
        super().__init__(f"check {check!r} failed: {reason}")
        self.check, self.reason, self.figure = check, reason, figure
