"""What the registry of Model keeps beside versions: checks, holds, rules; and its searches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from mazemesh.client.policies.inferring import InferringClient
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import registry_pb2

COLLECT_DEADLINE = 60.0
_PAGE = 1000

KEEPING_METHODS = (
    "GetPolicyDetails",
    "ListUploads",
    "HoldVersions",
    "ListVersionHolds",
    "GetPromotionRules",
)
"""That may be called again."""


class KeepingClient(InferringClient):
    """Looks for versions, tells all that is known of them, holds and collects them."""

    def list(
        self,
        name: str = "",
        *,
        snapshots_only: bool = False,
        include_all_states: bool = False,
        run_id: str = "",
        game: str = "",
        game_hash: str = "",
        spec_hash: str = "",
        sha256: str = "",
        code_version: str = "",
        parent_version: int = 0,
        min_training_step: int = 0,
        max_training_step: int | None = None,
        config: Mapping[str, str] = MappingProxyType({}),
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Iterator[pb.PolicyVersion]:
        """All versions that fit everything that is said, newest first; READY ones unless told.

        Args:
            name: Of the policy; empty: of all.
            snapshots_only: Only those that are kept for rating.
            include_all_states: Also those that were rejected or retired.
            run_id: Of this run.
            game: Trained for this game.
            game_hash: Of its rules (`GameSpec.rules_hash`).
            spec_hash: Of its inputs and outputs.
            sha256: Of the file.
            code_version: How the version of the code begins that made them.
            parent_version: That they grew from; with a name only.
            min_training_step: From this step of the run on.
            max_training_step: Up to this one.
            config: Values by name that the run was started with, all of them.
            since: Published from then on; a time without a zone is local.
            before: Published before then.
        """
        request = pb.ListPoliciesRequest(
            name=name,
            snapshots_only=snapshots_only,
            include_all_states=include_all_states,
            run_id=run_id,
            game=game,
            game_hash=game_hash,
            spec_hash=spec_hash,
            sha256=sha256,
            code_version=code_version,
            parent_version=parent_version,
            min_training_step=min_training_step,
            max_training_step=max_training_step,
            config=config,
            page_size=_PAGE,
        )
        if since is not None:
            request.create_time_from.FromDatetime(since.astimezone(UTC))
        if before is not None:
            request.create_time_before.FromDatetime(before.astimezone(UTC))
        while True:
            response = self._call(self._stub.ListPolicies, request)
            yield from response.policies
            request.page_token = response.next_page_token
            if not request.page_token:
                return

    def details(self, policy: str) -> registry_pb2.GetPolicyDetailsResponse:
        """Checks with their figures, what its run was started with, and who holds a version.

        Raises:
            NotFound: no such policy; the message tells what exists.
        """
        request = registry_pb2.GetPolicyDetailsRequest(policy=policy)
        return self._call(self._stub.GetPolicyDetails, request)

    def uploads(self, name: str = "") -> Sequence[registry_pb2.Upload]:
        """Versions that come in and are checked, of one name or all, at this instance."""
        return self._call(
            self._stub.ListUploads, registry_pb2.ListUploadsRequest(name=name)
        ).uploads

    def collect(
        self, request: registry_pb2.CollectPoliciesRequest
    ) -> registry_pb2.CollectPoliciesResponse:
        """Retires versions that nobody uses, as registry.proto says; at most 1000 a call.

        Raises:
            NotFound: there is no such policy, or version of it.
            FailedPrecondition: a version that is named is not ready.
        """
        return self._call(self._stub.CollectPolicies, request, COLLECT_DEADLINE)

    def hold_versions(
        self, holder: str, policies: Iterable[str], seconds: float, *, reason: str = ""
    ) -> None:
        """Keeps versions from being collected for so many seconds; 0 gives them back.

        Args:
            holder: Who uses them, the same each time.
            policies: "name:version" each, 1..1000.
            seconds: 1 to 7,776,000 (90 days), or 0.
            reason: What for.

        Raises:
            NotFound: one of them does not exist; none is held.
            FailedPrecondition: one is not ready; none is held.
        """
        request = registry_pb2.HoldVersionsRequest(
            holder=holder, policies=policies, seconds=seconds, reason=reason
        )
        self._call(self._stub.HoldVersions, request)

    def holds(self, *, holder: str = "", name: str = "") -> Sequence[registry_pb2.VersionHold]:
        """Holds of a holder, or on versions of a name."""
        request = registry_pb2.ListVersionHoldsRequest(holder=holder, name=name)
        return self._call(self._stub.ListVersionHolds, request).holds

    def set_rules(
        self, rules: registry_pb2.PromotionRules, expected_revision: int
    ) -> registry_pb2.PromotionRules:
        """Sets what moves of an alias have to keep to, by compare-and-swap; as they are then.

        Raises:
            Conflict: they are at another revision.
        """
        request = registry_pb2.SetPromotionRulesRequest(
            rules=rules, expected_revision=expected_revision
        )
        return self._call(self._stub.SetPromotionRules, request).rules

    def rules(self, name: str) -> Sequence[registry_pb2.PromotionRules]:
        """What moves of a name's aliases have to keep to."""
        request = registry_pb2.GetPromotionRulesRequest(name=name)
        return self._call(self._stub.GetPromotionRules, request).rules
