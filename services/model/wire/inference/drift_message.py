"""Drift on the wire."""

from __future__ import annotations

from typing import Final

from mazemesh.v1 import model_pb2 as pb
from services.model.drift.window import Drift

NOT_ASKED: Final = "it was not asked of late, at this instance"
NO_MEASURE: Final = (
    "no snapshot of it has statistics of its validation: they are kept since drift is measured, of "
    "snapshots with at least 8 parity rows"
)


def drift_message(policy: str, drift: Drift) -> pb.PolicyDrift:
    """The drift of a version that is measured by this policy's validation."""
    return pb.PolicyDrift(
        policy=policy,
        rows=drift.rows,
        reference_rows=drift.reference_rows,
        window_seconds=drift.seconds,
        drifted=drift.drifted,
        columns=[
            pb.DriftColumn(
                column=one.column,
                psi=one.psi,
                ks=one.ks,
                feature=one.feature,
                drifted=one.drifted,
                mean=one.mean,
                reference_mean=one.reference_mean,
            )
            for one in drift.columns
        ],
    )


def most_drifted(drift: Drift) -> tuple[bool, float]:
    """Sorts what drifted most to the beginning."""
    return not drift.drifted, -max((one.psi for one in drift.columns), default=0.0)
