"""Who may publish under a name: one run at a time, and one process of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mazemesh.errors import Conflict
from services.model.registry.policy import Lease
from services.model.store import Transaction

_WORTH_WRITING: Final = 0.9
"""Of its time, below which a hold is prolonged by a publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody wants of a name; see HoldNameRequest."""

    name: str
    owner: str
    run_id: str = ""
    place: str = ""
    fence: int = 0
    take_over: bool = False
    release: bool = False


def hold(tx: Transaction, claim: Claim, *, now: datetime, seconds: float) -> Lease:
    """Begins, renews or ends a run's hold on a name.

    Raises:
        Conflict: another run holds it, or has taken it over.
    """
    tx.lock()
    present = tx.leases.get(claim.name)
    if claim.fence:
        return _renew(tx, present, claim, now, 0.0 if claim.release else seconds)
    if present and now < present.expires and present.owner != claim.owner and not claim.take_over:
        raise Conflict(
            f"policy {claim.name!r} is held by {_described(present, now)}; stop that learner, "
            "choose another policy name (--policy), or take the name over (--take-over)"
        )
    lease = Lease(
        name=claim.name,
        owner=claim.owner,
        run_id=claim.run_id,
        place=claim.place,
        fence=present.fence + 1 if present else 1,
        expires=now + timedelta(seconds=seconds),
    )
    tx.leases.put(lease)
    return lease


def check(tx: Transaction, name: str, fence: int, now: datetime) -> Lease | None:
    """The lease that a publisher with this fence (0: none) holds.

    Raises:
        Conflict: it may not publish under the name.
    """
    present = tx.leases.get(name)
    if fence:
        return _own(present, name, fence, now)
    if present and now < present.expires:
        raise Conflict(
            f"policy {name!r} is held by {_described(present, now)}; publish under another name, "
            "or when that learner has stopped"
        )
    return None


def heard_of(tx: Transaction, lease: Lease | None, now: datetime, seconds: float) -> None:
    """A holder has published: it holds on. What changes little is not written."""
    if lease is not None and (lease.expires - now).total_seconds() < _WORTH_WRITING * seconds:
        tx.leases.put(replace(lease, expires=now + timedelta(seconds=seconds)))


def _renew(
    tx: Transaction, present: Lease | None, claim: Claim, now: datetime, seconds: float
) -> Lease:
    own = _own(present, claim.name, claim.fence, now)
    lease = replace(own, expires=now + timedelta(seconds=seconds))
    tx.leases.put(lease)
    return lease


def _own(present: Lease | None, name: str, fence: int, now: datetime) -> Lease:
    if present is None:
        raise Conflict(f"policy {name!r} is held by nobody, and fence {fence} of no use; hold it")
    if present.fence != fence:
        raise Conflict(
            f"policy {name!r} was taken over by {_described(present, now)} under fence "
            f"{present.fence}; this publisher has fence {fence}"
        )
    return present


def _described(lease: Lease, now: datetime) -> str:
    left = (lease.expires - now).total_seconds()
    place = f" on {lease.place}" if lease.place else ""
    return f"run {lease.run_id or lease.owner!r}{place} (for {max(0.0, left):.0f} s if it is gone)"
