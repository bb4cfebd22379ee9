"""What was asked for in an experiment as JSON, which the database keeps."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.model.experiments.experiment import Definition, Kind, Plan, Rules


def definition_json(definition: Definition) -> dict[str, Any]:
    """The definition as plain data."""
    return {**asdict(definition), "kind": int(definition.kind)}


def read_definition(told: dict[str, Any]) -> Definition:
    """The definition of plain data."""
    plan = told["plan"]
    if plan is not None:
        plan = Plan(**{**plan, "steps": tuple(plan["steps"])})
    return Definition(
        **{
            **told,
            "kind": Kind(told["kind"]),
            "versions": tuple(told["versions"]),
            "weights": tuple(told["weights"]),
            "rules": Rules(**told["rules"]),
            "plan": plan,
        }
    )
