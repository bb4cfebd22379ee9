"""Aliases that move by compare-and-swap: promotion and its way back."""

from __future__ import annotations

from typing import Final

from mazemesh.client.model import ModelClient
from mazemesh.errors import Conflict, FailedPrecondition
from mazemesh.names import CHAMPION, PREVIOUS
from mazemesh.v1 import model_pb2 as pb

_TRIES: Final = 100


def promote(
    model: ModelClient,
    name: str,
    version: int,
    *,
    alias: str = CHAMPION,
    reason: str = "",
    mover: str = "",
    gate_id: str = "",
    revision: int | None = None,
) -> pb.AliasMove:
    """Moves an alias to a version, from wherever it stands; returns the move.

    With `revision` it is moved only from that one of its own; 0: it does not exist yet. Else, where
    others move it at the same time, it is moved from where they left it, so the moves are one
    chain. One that stands there already is left alone. `gate_id` is the gate that it follows from,
    which the rules of the policy may want.

    Raises:
        NotFound: there is no such version.
        FailedPrecondition: the version is not ready, or does not meet the rules; names what is
            missing.
        PermissionDenied: by the rules somebody else may move it.
        Conflict: others moved it again and again, or it has another revision.
    """
    for _ in range(_TRIES):
        present = _looked(model, name, alias, revision)
        if present is not None and present.alias.version == version:
            return _last(present)
        try:
            return _moved(model, present, name, alias, version, reason, mover, gate_id)
        except Conflict:
            continue
    raise Conflict(f"{name}:{alias} is being moved by many others; look at its history")


def roll_back(
    model: ModelClient,
    name: str,
    *,
    alias: str = CHAMPION,
    reason: str = "",
    mover: str = "",
    revision: int | None = None,
) -> pb.AliasMove:
    """Moves an alias back to where it stood before its last move; returns the move.

    With `revision` only from that one of its own.

    Raises:
        FailedPrecondition: it was not moved yet, or the version that it stood for is not ready.
        Conflict: somebody moved it meanwhile; whether that is to be undone too is to be looked at.
    """
    present = _looked(model, name, alias, revision)
    move = next(model.alias_history(name, alias), None)
    if present is None or move is None or not move.from_version:
        raise FailedPrecondition(f"{name}:{alias} has stood nowhere else, so there is no way back")
    if move.revision != present.alias.revision:
        raise FailedPrecondition(
            f"{name}:{alias} has moved by itself to version {present.alias.version}; promote a "
            "version instead"
        )
    reason = reason or f"back from {name}:{move.version}"
    return _moved(model, present, name, alias, move.from_version, reason, mover)


def _looked(
    model: ModelClient, name: str, alias: str, revision: int | None
) -> pb.GetAliasResponse | None:
    present = model.alias(name, alias)
    found = present.alias.revision if present else 0
    if revision is not None and found != revision:
        raise Conflict(
            f"{name}:{alias} has revision {found} and not {revision}: somebody moved it; look again"
        )
    return present


def _moved(
    model: ModelClient,
    present: pb.GetAliasResponse | None,
    name: str,
    alias: str,
    version: int,
    reason: str,
    mover: str,
    gate_id: str = "",
) -> pb.AliasMove:
    moved = model.set_alias(
        name,
        alias,
        version,
        present.alias.revision if present else 0,
        reason=reason,
        mover=mover,
        gate_id=gate_id,
        previous_alias=PREVIOUS if alias == CHAMPION else "",
    )
    return next(
        move for move in model.alias_history(name, alias) if move.revision == moved.revision
    )


def _last(present: pb.GetAliasResponse) -> pb.AliasMove:
    if present.HasField("last_move"):
        return present.last_move
    alias = present.alias
    return pb.AliasMove(
        name=alias.name, alias=alias.alias, version=alias.version, revision=alias.revision
    )
