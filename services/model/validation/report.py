"""What a file has been checked for so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mazemesh.policy.file.rejection import Rejection
from services.model.checks import LONGEST_TEXT, Check, Outcome


@dataclass(frozen=True, slots=True)
class Standards:
    """What figures are held to.

    Attributes:
        max_bytes: Size of a file.
        latency_ms: Processor time of one observation, in milliseconds.
        batch_latency_ms: Of 64 of them in one batch.
    """

    max_bytes: int = 256 * 1024 * 1024
    latency_ms: float = 100.0
    batch_latency_ms: float = 1000.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a file that passed.

    Attributes:
        words: What it was compared on.
        checks: Each check, in order.
    """

    words: str
    checks: tuple[Check, ...] = ()


class Rejected(Rejection):
    """A rejection by the process that checks, with the checks that were made.

    Attributes:
        checks: In order; the last one is the one that failed.
    """

    def __init__(self, check: str, reason: str, checks: tuple[Check, ...] = ()) -> None:
        super().__init__(check, reason)
        self.checks = checks or (Check(check, Outcome.FAILED, detail=reason[:LONGEST_TEXT]),)


class Report:
    """Collects checks as they are made; the one that fails is the last."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def passed(
        self,
        name: str,
        figure: float | None = None,
        *,
        limit: float | None = None,
        unit: str = "",
        detail: str = "",
    ) -> None:
        """Notes a check."""
        self.checks.append(Check(name, Outcome.PASSED, figure, limit, unit, detail[:LONGEST_TEXT]))

    @contextmanager
    def failing(self, name: str, *, limit: float | None = None, unit: str = "") -> Iterator[None]:
        """Notes a rejection as this check's."""
        try:
            yield
        except Rejection as error:
            detail = error.reason[:LONGEST_TEXT]
            self.checks.append(Check(name, Outcome.FAILED, error.figure, limit, unit, detail))
            raise
