"""Versions that others use: who uses one holds it for a time, in which it is not collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mazemesh.errors import FailedPrecondition
from services.model.registry.policy import Hold, State
from services.model.registry.registry import not_found
from services.model.store import Transaction


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to hold.

    Attributes:
        holder: Who.
        reason: What for.
        versions: Names and numbers.
        seconds: For how long; 0 gives them back.
    """

    holder: str
    reason: str
    versions: tuple[tuple[str, int], ...]
    seconds: float


def hold(tx: Transaction, wish: Wish, *, now: datetime) -> None:
    """Holds all of the versions, or none; what is held already is held until the later time.

    Raises:
        NotFound: a version does not exist.
        FailedPrecondition: one is not READY, so there is nothing to hold.
    """
    tx.lock()
    tx.holds.forget(now)
    if not wish.seconds:
        for name, number in wish.versions:
            tx.holds.delete(name, number, wish.holder)
        return
    expires = now + timedelta(seconds=wish.seconds)
    found = tx.versions.get_all(wish.versions)
    for name, number in wish.versions:
        version = found.get((name, number))
        if version is None:
            not_found(tx, name, f"{name}:{number} does not exist")
        if version.state is not State.READY:
            raise FailedPrecondition(
                f"{version.reference} is {version.state.name}, so its file cannot be held"
            )
    tx.holds.put([Hold(*one, wish.holder, wish.reason, expires) for one in wish.versions])
