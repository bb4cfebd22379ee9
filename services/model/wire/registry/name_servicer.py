"""What names stand for and who holds them: aliases and leases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mazemesh.names import ALIAS, POLICY
from mazemesh.v1 import model_pb2 as pb
from services._harness.access.admission import caller
from services._harness.calls.context import Context
from services._harness.pages.paging import page_size, page_token, read_token
from services.model.registry import aliases, leases
from services.model.registry.policy import Event, Told
from services.model.registry.publisher import Now
from services.model.registry.rules import GatePeer, Permission, Rules
from services.model.store import RegistryStore
from services.model.wire.registry.alias_messages import move_message, read_told
from services.model.wire.registry.messages import alias_message, lease_message, read_claim


class NameMethods:
    """A part of the servicer of ModelService."""

    _store: RegistryStore
    _gates: GatePeer
    _news: Callable[[Sequence[Event]], None]
    _lease_seconds: float
    _now: Now

    async def SetAlias(self, request: pb.SetAliasRequest, context: Context) -> pb.SetAliasResponse:
        """Moves an alias."""
        told = read_told(request, caller().owner)
        permission = await self._permission(request, told)
        moved = await self._store.transact(
            lambda tx: aliases.set_alias(
                tx,
                request.name,
                request.alias,
                request.version,
                request.expected_revision,
                now=self._now(),
                told=told,
                previous=request.previous_alias,
                permission=permission,
            )
        )
        self._news(())
        return pb.SetAliasResponse(alias=alias_message(moved))

    async def _permission(self, request: pb.SetAliasRequest, told: Told) -> Permission:
        """What rules may ask for: the gate that the caller names, if there is a rule for one."""
        names = [one for one in (request.alias, request.previous_alias) if one]
        texts = await self._store.transact(
            lambda tx: [tx.rules.get(request.name, one)[1] for one in names]
        )
        if not told.gate_id or not any(Rules.from_text(text).gate for text in texts):
            return Permission(told)
        return Permission(told, {told.gate_id: await self._gates.gate(told.gate_id)})

    async def GetAlias(self, request: pb.GetAliasRequest, context: Context) -> pb.GetAliasResponse:
        """An alias and its last move."""
        name, alias = POLICY.check("name", request.name), ALIAS.check("alias", request.alias)
        present, last = await self._store.transact(lambda tx: aliases.get_alias(tx, name, alias))
        return pb.GetAliasResponse(
            alias=alias_message(present),
            # One that does not lead to where it stands was followed by moves of its own.
            last_move=move_message(last) if last and last.alias == present else None,
        )

    async def ListAliasHistory(
        self, request: pb.ListAliasHistoryRequest, context: Context
    ) -> pb.ListAliasHistoryResponse:
        """A page of moves."""
        name = POLICY.check("name", request.name)
        alias = ALIAS.check("alias", request.alias) if request.alias else ""
        limit = page_size(request.page_size)
        (before,) = read_token(request.page_token) or (0,)
        moves = await self._store.transact(lambda tx: tx.moves.page(name, alias, before, limit + 1))
        page = moves[:limit]
        return pb.ListAliasHistoryResponse(
            moves=map(move_message, page),
            next_page_token=page_token(page[-1].alias.revision) if len(moves) > limit else "",
        )

    async def HoldName(self, request: pb.HoldNameRequest, context: Context) -> pb.HoldNameResponse:
        """Begins, renews or ends a run's hold on a name."""
        claim, seconds = read_claim(request), self._lease_seconds
        lease = await self._store.transact(
            lambda tx: leases.hold(tx, claim, now=self._now(), seconds=seconds)
        )
        return lease_message(lease, seconds)
