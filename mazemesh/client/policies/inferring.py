"""Asking policies: Infer and what belongs to it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy.typing as npt

from mazemesh.client.calling.pauses import jittered
from mazemesh.client.channel import DEADLINE, Methods, ServiceClient
from mazemesh.client.credentials import Credentials
from mazemesh.errors import Unavailable
from mazemesh.policy.file.variants import check_kinds
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from mazemesh.wire.named_columns import arrays_of, named_columns, rows_of

_ATTEMPTS: Final = 5
_PAUSE: Final = 0.1


@dataclass(frozen=True)
class Inferred:
    """What a policy answered.

    Attributes:
        name: Of the policy.
        version: That served.
        columns: By name, [rows, ...]: what was asked for, or the actions and `value`.
        begun: Rows whose sessions began with zeros.
        experiment_id: The experiment that chose the version; empty: none.
        row_versions: Of each row, where they are not all `version`, the first row's.
        variant: The form of its file that served; empty: as it was published.
    """

    name: str
    version: int
    columns: Mapping[str, npt.NDArray[Any]]
    begun: tuple[int, ...] = ()
    experiment_id: str = ""
    row_versions: tuple[int, ...] = ()
    variant: str = ""

    @property
    def reference(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        """A column."""
        return self.columns[column]


def variant_number(kind: str) -> pb.PolicyVariant:
    """A form of a file on the wire; empty: as it was published.

    Raises:
        InvalidArgument: there is no such form.
    """
    if not kind:
        return pb.POLICY_VARIANT_UNSPECIFIED
    (known,) = check_kinds([kind], "variant")
    return cast("pb.PolicyVariant", pb.PolicyVariant.Value(f"POLICY_VARIANT_{known.upper()}"))


def variant_name(number: pb.PolicyVariant) -> str:
    """The reverse; of a form that this client does not know, its number."""
    if not number:
        return ""
    known = pb.PolicyVariant.DESCRIPTOR.values_by_number.get(number)
    return str(number) if known is None else known.name.removeprefix("POLICY_VARIANT_").lower()


class InferringClient(ServiceClient):
    """Asks policies that the Model service runs."""

    def __init__(
        self, address: str, idempotent: Methods = (), credentials: Credentials | None = None
    ) -> None:
        super().__init__(address, idempotent, credentials)
        self._stub = ModelServiceStub(self.channel)

    def infer(
        self,
        policy: str,
        columns: Mapping[str, npt.ArrayLike],
        *,
        outputs: Sequence[str] = (),
        temperature: float | None = None,
        seed: int | None = None,
        sessions: Sequence[str] = (),
        begin: Sequence[int] = (),
        session: str = "",
        variant: str = "",
        deadline: float = DEADLINE,
    ) -> Inferred:
        """Asks "name:12", "name:alias" or "name" (latest) about a batch of observations.

        Args:
            policy: Whom.
            columns: Inputs by name, [rows, ...] of the types that `policy_signature` tells; masks
                and states may be left out.
            outputs: What to answer; empty: the actions and `value`.
            temperature: Of the draws of actions; 0 takes the best, None is 1.
            seed: Of the draws.
            sessions: Of recurrent policies: an id a row, whose state is kept between calls.
            begin: Rows whose sessions begin anew.
            session: Whose call this is, where an experiment runs on the alias: the same one is
                always served by the same version. Empty: that of each row, else one of its own.
            variant: "fp16", "bf16" or "int8": that form of the file, where the version has it; the
                answer tells which served.
            deadline: Seconds, over all attempts: without sessions a call is made again when the
                service is away.

        Raises:
            InvalidArgument: the columns are not those of the policy; the message tells which are.
            NotFound: there is no such version; the message tells what exists.
            ResourceExhausted: too much waits; `retry_after` tells how long to wait.
            DeadlineExceeded: no answer in time.
            Conflict: another call is at one of the sessions.
            FailedPrecondition: the policy cannot be run.
        """
        request = pb.InferRequest(
            policy=policy,
            rows=rows_of(columns),
            columns=named_columns(columns),
            outputs=outputs,
            temperature=temperature,
            seed=seed,
            session_ids=sessions,
            begin_rows=begin,
            session=session,
            variant=variant_number(variant),
        )
        until = time.monotonic() + deadline
        for attempt in range(_ATTEMPTS):
            left = until - time.monotonic()
            try:
                told = self._call(self._stub.Infer, request, left)
                break
            except Unavailable:
                pause = jittered(_PAUSE * 2**attempt)
                if sessions or attempt == _ATTEMPTS - 1 or left < pause:
                    raise
                time.sleep(pause)  # nothing tells when it is back
        return Inferred(
            told.name,
            told.version,
            arrays_of(told.columns, told.rows),
            tuple(told.begun_rows),
            told.experiment_id,
            tuple(told.row_versions),
            variant_name(told.variant),
        )

    def policy_signature(
        self, policy: str, deadline: float = DEADLINE, variant: str = ""
    ) -> pb.GetPolicySignatureResponse:
        """What `infer` takes and gives for a version, and what it is run on; it is loaded for that.

        Raises:
            NotFound: there is no such version; the message tells what exists.
        """
        request = pb.GetPolicySignatureRequest(policy=policy, variant=variant_number(variant))
        return self._call(self._stub.GetPolicySignature, request, deadline)

    def drift(self, policy: str = "") -> Sequence[pb.PolicyDrift]:
        """How what this instance was asked of late differs from what versions were validated on.

        Args:
            policy: "name:12", "name:alias" or "name"; empty: all that were asked, those that
                drifted most first.

        Raises:
            NotFound: there is no such version; the message tells what exists.
        """
        return self._call(self._stub.GetDrift, pb.GetDriftRequest(policy=policy)).policies

    def reset_sessions(self, name: str, sessions: Sequence[str]) -> None:
        """Forgets sessions of a policy's name, be they there or not."""
        request = pb.ResetSessionsRequest(name=name, session_ids=sessions)
        self._call(self._stub.ResetSessions, request)
