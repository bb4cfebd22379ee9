"""Who else uses versions, beside aliases and holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.model.store import Transaction


class VersionsInUse(Protocol):
    """A part of the Model service whose rows name versions, such as its experiments.

    It is asked in the transaction that retires, under its lock. So what it begins under that lock,
    once it has seen that its versions are READY, is either seen here or finds them gone.
    """

    def in_use(self, tx: Transaction, name: str) -> Mapping[int, str]:
        """Versions of a name that it uses, and by what, in words: {41: "experiment canary-7"}."""


def all_in_use(tx: Transaction, name: str, users: Sequence[VersionsInUse]) -> dict[int, str]:
    """What all of them use; where several use one version, the first tells."""
    found: dict[int, str] = {}
    for user in users:
        for number, reason in user.in_use(tx, name).items():
            found.setdefault(number, reason)
    return found
