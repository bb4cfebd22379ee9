"""How aliases move: by compare-and-swap, and each move is kept."""

from __future__ import annotations

from datetime import datetime

from mazemesh.errors import Conflict, FailedPrecondition
from services.model.registry.policy import Alias, AliasMove, Event, State, Told
from services.model.registry.registry import not_found
from services.model.registry.rules import Permission
from services.model.store import Transaction


def set_alias(
    tx: Transaction,
    name: str,
    alias: str,
    number: int,
    expected: int,
    *,
    now: datetime,
    told: Told,
    previous: str = "",
    permission: Permission | None = None,
) -> Alias:
    """Moves an alias by compare-and-swap on its revision (0: it does not exist yet).

    `previous` is another alias, which moves to where this one stood, if that is another version.
    `permission` holds both moves against the rules of the name.

    Raises:
        NotFound: there is no such version.
        Conflict: another revision than `expected`.
        FailedPrecondition: the version is not READY, or does not meet the rules.
        PermissionDenied: by the rules somebody else may move it.
    """
    tx.lock()
    version = tx.versions.get(name, number)
    if version is None:
        not_found(tx, name, f"{name}:{number} does not exist")
    present = tx.aliases.get(name, alias)
    if (present.revision if present else 0) != expected:
        raise Conflict(
            f"expected_revision is {expected}, but {_describe_alias(name, alias, present)}"
        )
    if version.state is not State.READY:
        raise FailedPrecondition(f"{version.reference} is {version.state.name}, not READY")
    if permission is not None:
        permission.check(tx, alias, version, present)
    if previous and present and present.number != number:
        if permission is not None:
            _check_previous(tx, permission, name, previous, present)
        _move(tx, Alias(name, previous, present.number, tx.advance()), now, told)
    moved = Alias(name, alias, number, tx.advance())
    _move(tx, moved, now, told)
    return moved


def _check_previous(
    tx: Transaction, permission: Permission, name: str, previous: str, stood: Alias
) -> None:
    left = tx.versions.get(name, stood.number)
    assert left is not None
    permission.check(tx, previous, left, tx.aliases.get(name, previous))


def get_alias(tx: Transaction, name: str, alias: str) -> tuple[Alias, AliasMove | None]:
    """An alias and its last move, if that was kept.

    Raises:
        NotFound: there is none; the message tells what exists.
    """
    present = tx.aliases.get(name, alias)
    if present is None:
        not_found(tx, name, f"{name}:{alias} does not exist")
    return present, tx.moves.last(name, alias)


def _move(tx: Transaction, moved: Alias, now: datetime, told: Told) -> None:
    before = tx.aliases.get(moved.name, moved.alias)
    tx.aliases.put(moved)
    tx.moves.add(AliasMove(moved, before.number if before else 0, now, told))
    tx.events.append([Event(moved.revision, moved)])


def _describe_alias(name: str, alias: str, present: Alias | None) -> str:
    if present is None:
        return f"{name}:{alias} does not exist (revision 0)"
    return f"{name}:{alias} is version {present.number} at revision {present.revision}"
