"""Checks of a version for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mazemesh.v1.registry_pb2 import ValidationCheck


def check_data(one: ValidationCheck) -> dict[str, Any]:
    """A check as plain data."""
    from mazemesh.v1.registry_pb2 import CheckOutcome

    return {
        "check": one.check,
        "outcome": CheckOutcome.Name(one.outcome).removeprefix("CHECK_OUTCOME_").lower(),
        "figure": one.figure if one.HasField("figure") else None,
        "limit": one.limit if one.HasField("limit") else None,
        "unit": one.unit,
        "detail": one.detail,
        "of": one.of,
    }


def check_line(told: dict[str, Any]) -> str:
    """A check in one line: its figure beside what it is held to."""
    unit = f" {told['unit']}" if told["unit"] else ""
    figure = "" if told["figure"] is None else f" {told['figure']:.6g}{unit}"
    limit = "" if told["limit"] is None else f" (at most {told['limit']:.6g})"
    detail = f": {told['detail']}" if told["detail"] else ""
    of = f" [with the file of {told['of']}]" if told["of"] else ""
    return f"{told['check']} {told['outcome']}{figure}{limit}{detail}{of}"
