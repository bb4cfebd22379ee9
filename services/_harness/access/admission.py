"""How the call stands that is being handled; each call has its own."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from mazemesh.errors import MazemeshError
from services._harness.access.callers.keys import NOBODY, Caller


class Admission:
    """What the gate found when a call's headers were there, and what its request names."""

    __slots__ = ("caller", "names", "received", "refusal", "request_id")

    def __init__(self, caller: Caller, refusal: MazemeshError | None) -> None:
        self.caller, self.refusal = caller, refusal
        self.names: dict[str, str] = {}
        """What the request names, for the audit log."""
        self.received = 0
        """Bytes that have not been put to the key's account."""
        self.request_id: Callable[[], str] = str


current: Final[ContextVar[Admission]] = ContextVar("admission")


def caller() -> Caller:
    """Who makes the call that is being handled; nobody where there are no keys."""
    admission = current.get(None)
    return NOBODY if admission is None else admission.caller
