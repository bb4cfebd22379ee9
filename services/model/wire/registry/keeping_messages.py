"""Checks, holds and collection: messages to the registry's nouns and back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument
from mazemesh.names import POLICY, parse_reference
from mazemesh.v1 import registry_pb2 as pb
from services.model.checks import Check, Outcome
from services.model.registry.keeping.collecting import Collected, Wanted
from services.model.registry.keeping.holds import Wish
from services.model.registry.policy import Hold
from services.model.registry.registry import MOST_RETIRED
from services.model.registry.upload import InFlight
from services.model.wire.texts import text

MOST_HELD: Final = 1000
LONGEST_HOLD: Final = 90 * 86400.0
_MOST_KEPT: Final = 2**31 - 1
_LONGEST_REASON: Final = 256
_OUTCOMES: Final = {
    Outcome.PASSED: pb.CHECK_OUTCOME_PASSED,
    Outcome.FAILED: pb.CHECK_OUTCOME_FAILED,
    Outcome.SKIPPED: pb.CHECK_OUTCOME_SKIPPED,
}
_HOLDER: Final = re.compile(r"[!-~]{1,128}")


def check_message(check: Check) -> pb.ValidationCheck:
    """A check on the wire."""
    return pb.ValidationCheck(
        check=check.name,
        outcome=_OUTCOMES[check.outcome],
        figure=check.figure,
        limit=check.limit,
        unit=check.unit,
        detail=check.detail,
        of=check.of,
    )


def hold_message(hold: Hold) -> pb.VersionHold:
    """A hold on the wire."""
    expires = Timestamp()
    expires.FromDatetime(hold.expires)
    return pb.VersionHold(
        policy=f"{hold.name}:{hold.number}",
        holder=hold.holder,
        reason=hold.reason,
        expire_time=expires,
    )


def read_wish(request: pb.HoldVersionsRequest) -> Wish:
    """What is to be held.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    if not 1 <= len(request.policies) <= MOST_HELD:
        raise InvalidArgument(
            f"policies has {len(request.policies)} versions; expected 1..{MOST_HELD}"
        )
    if request.seconds and not 1.0 <= request.seconds <= LONGEST_HOLD:
        raise InvalidArgument(
            f"seconds is {request.seconds:g}; expected 1..{LONGEST_HOLD:g}, or 0 to give back"
        )
    reason = text("reason", request.reason, _LONGEST_REASON)
    versions = tuple(dict.fromkeys(_version(number, one) for number, one in _each(request)))
    return Wish(read_holder(request.holder), reason, versions, request.seconds)


def read_holder(holder: str) -> str:
    """Who holds versions.

    Raises:
        InvalidArgument: it is empty, or not visible ASCII.
    """
    if not _HOLDER.fullmatch(holder):
        raise InvalidArgument(
            f"holder is {holder[:80]!r}; expected 1..128 visible characters of ASCII"
        )
    return holder


def read_wanted(request: pb.CollectPoliciesRequest) -> Wanted:
    """What is to be collected.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    keep = request.keep if request.HasField("keep") else None
    snapshots = request.keep_snapshots if request.HasField("keep_snapshots") else None
    for field, value in (("keep", keep), ("keep_snapshots", snapshots)):
        if value is not None and value < 0:
            raise InvalidArgument(f"{field} is {value}; expected 0..{_MOST_KEPT}")
    versions = tuple(dict.fromkeys(request.versions))
    if len(versions) > MOST_RETIRED:
        raise InvalidArgument(
            f"versions has {len(versions)} numbers; at most {MOST_RETIRED} are allowed"
        )
    if any(number < 1 for number in versions):
        raise InvalidArgument(f"versions has {min(versions)}; expected numbers from 1 on")
    given = keep is not None or snapshots is not None
    if given == bool(versions):
        raise InvalidArgument(
            "one of keep, keep_snapshots and versions says what to collect; "
            + ("versions and a number to keep are set" if given else "none is set")
        )
    age = request.older_than_seconds
    if not 0 <= age <= 1e9:
        raise InvalidArgument(f"older_than_seconds is {age:g}; expected 0..1e9")
    return Wanted(
        name=POLICY.check("name", request.name),
        keep=keep,
        keep_snapshots=snapshots,
        versions=versions,
        older_than=age,
        dry_run=request.dry_run,
    )


def collected_message(found: Collected) -> pb.CollectPoliciesResponse:
    """What was collected on the wire."""
    kept = (pb.KeptVersion(version=number, reason=reason) for number, reason in found.kept)
    return pb.CollectPoliciesResponse(
        versions=found.gone, file_bytes=found.file_bytes, kept=kept, more=found.more
    )


def uploads_message(found: Iterable[InFlight]) -> pb.ListUploadsResponse:
    """What is on its way."""
    return pb.ListUploadsResponse(uploads=map(_upload, found))


def _upload(one: InFlight) -> pb.Upload:
    begun = Timestamp()
    begun.FromDatetime(one.begun)
    state = pb.UPLOAD_STATE_VALIDATING if one.validating else pb.UPLOAD_STATE_UPLOADING
    submission = one.submission
    return pb.Upload(
        name=submission.name,
        state=state,
        run_id=submission.run_id,
        training_step=submission.training_step,
        sha256=submission.sha256,
        size_bytes=submission.size_bytes,
        received_bytes=one.received,
        begin_time=begun,
    )


def _each(request: pb.HoldVersionsRequest) -> Iterable[tuple[int, str]]:
    return enumerate(request.policies)


def _version(number: int, policy: str) -> tuple[str, int]:
    reference = parse_reference(policy)
    if not reference.number:
        raise InvalidArgument(
            f"policies[{number}] is {policy!r}; expected a version, as an alias may move"
        )
    return reference.name, reference.number
