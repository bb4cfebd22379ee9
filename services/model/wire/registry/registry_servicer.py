"""What the registry keeps beside versions: the RPCs of registry.proto's messages."""

from __future__ import annotations

from typing import Protocol

from mazemesh.errors import InvalidArgument
from mazemesh.names import POLICY, parse_reference
from mazemesh.v1 import registry_pb2 as pb
from services._harness.calls.context import Context
from services.model.registry import registry
from services.model.registry.keeping.collecting import protected
from services.model.registry.keeping.holds import hold
from services.model.registry.keeping.in_use import VersionsInUse
from services.model.registry.policy import State
from services.model.registry.publisher import Now, Publisher
from services.model.registry.rules import Rules, checks_of, set_rules
from services.model.registry.upload import Uploads
from services.model.store import RegistryStore, Transaction
from services.model.wire.registry.keeping_messages import (
    check_message,
    collected_message,
    hold_message,
    read_holder,
    read_wanted,
    read_wish,
    uploads_message,
)
from services.model.wire.registry.rules_messages import read_rules, rules_message

_MOST_HOLDS = 10_000


class Parts(Protocol):
    """What the methods rest on."""

    _store: RegistryStore
    _publisher: Publisher
    _uploads: Uploads
    _users: tuple[VersionsInUse, ...]
    _now: Now


class RegistryMethods:
    """A part of the servicer of ModelService."""

    async def GetPolicyDetails(
        self: Parts, request: pb.GetPolicyDetailsRequest, context: Context
    ) -> pb.GetPolicyDetailsResponse:
        """Checks, config and holders of a version."""
        reference = parse_reference(request.policy)
        now = self._now()

        def read(tx: Transaction) -> pb.GetPolicyDetailsResponse:
            version = registry.resolve(tx, reference)
            holds = tx.holds.on(version.name, version.number, now, _MOST_HOLDS)
            reasons = protected(tx, version.name, self._users, now)
            ready = version.state is State.READY
            return pb.GetPolicyDetailsResponse(
                name=version.name,
                version=version.number,
                checks=map(check_message, checks_of(tx, version)),
                config=tx.configs.get(version.config_sha256),
                holds=map(hold_message, holds),
                kept_by=reasons.get(version.number, "") if ready else "",
            )

        return await self._store.transact(read)

    async def ListUploads(
        self: Parts, request: pb.ListUploadsRequest, context: Context
    ) -> pb.ListUploadsResponse:
        """Files that come in and are checked."""
        name = POLICY.check("name", request.name) if request.name else ""
        found = self._uploads.in_flight
        return uploads_message(one for one in found if name in ("", one.submission.name))

    async def CollectPolicies(
        self: Parts, request: pb.CollectPoliciesRequest, context: Context
    ) -> pb.CollectPoliciesResponse:
        """Retires versions that nobody uses."""
        return collected_message(await self._publisher.collect_versions(read_wanted(request)))

    async def HoldVersions(
        self: Parts, request: pb.HoldVersionsRequest, context: Context
    ) -> pb.HoldVersionsResponse:
        """Keeps versions from being collected."""
        wish = read_wish(request)
        await self._store.transact(lambda tx: hold(tx, wish, now=self._now()))
        return pb.HoldVersionsResponse()

    async def ListVersionHolds(
        self: Parts, request: pb.ListVersionHoldsRequest, context: Context
    ) -> pb.ListVersionHoldsResponse:
        """Holds of a holder, or on versions of a name."""
        if bool(request.holder) == bool(request.name):
            raise InvalidArgument("holder and name: expected one of them")
        name = POLICY.check("name", request.name) if request.name else ""
        holder = read_holder(request.holder) if request.holder else ""
        now = self._now()
        found = await self._store.transact(
            lambda tx: (
                tx.holds.of(name, now, _MOST_HOLDS)
                if name
                else tx.holds.by(holder, now, _MOST_HOLDS)
            )
        )
        return pb.ListVersionHoldsResponse(holds=map(hold_message, found))

    async def SetPromotionRules(
        self: Parts, request: pb.SetPromotionRulesRequest, context: Context
    ) -> pb.SetPromotionRulesResponse:
        """Sets the rules for an alias."""
        name, alias, rules = read_rules(request.rules)
        revision = await self._store.transact(
            lambda tx: set_rules(tx, name, alias, rules, request.expected_revision)
        )
        return pb.SetPromotionRulesResponse(rules=rules_message(name, alias, revision, rules))

    async def GetPromotionRules(
        self: Parts, request: pb.GetPromotionRulesRequest, context: Context
    ) -> pb.GetPromotionRulesResponse:
        """The rules of a name."""
        name = POLICY.check("name", request.name)
        found = await self._store.transact(lambda tx: tx.rules.of(name))
        return pb.GetPromotionRulesResponse(
            rules=[
                rules_message(name, alias, revision, Rules.from_text(text))
                for alias, revision, text in found
            ]
        )
