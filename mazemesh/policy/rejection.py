"""Why a file does not become a ready version."""

from __future__ import annotations


class Rejection(Exception):
    """A check that a file did not pass; `str()` names the check and the figures."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(f"check {check!r} failed: {reason}")
        self.check, self.reason = check, reason
