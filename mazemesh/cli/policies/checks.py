"""Checks of a version for people and programs, and values by name on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mazemesh.v1.registry_pb2 import ValidationCheck


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Values by name of KEY=VALUE."""
    found = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not (key and equals):
            raise typer.BadParameter(f"{option} {one!r}; expected KEY=VALUE, as in seed=3")
        found[key] = value
    return found


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
