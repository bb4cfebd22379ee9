"""A version in the words of a model registry: tags, parameters and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mazemesh.v1 import model_pb2 as pb
from services.model.checks import Check
from services.model.registry.policy import Version


def told_of(version: Version, checks: Sequence[Check]) -> dict[str, Any]:
    """What the mirror is told of a version and its checks, as JSON; its file goes beside it."""
    game = ""
    if version.collection:
        game = pb.Collection.FromString(version.collection).game
    numbers, texts = {}, {}
    for key, value in version.metadata.items():
        try:
            numbers[key] = float(value)
        except ValueError:
            texts[key] = value
    for one in version.variants:
        if one.sha256:
            numbers[f"variant.{one.kind}.largest_difference"] = one.largest_difference
            numbers[f"variant.{one.kind}.same_choices"] = one.same_choices
    for check in checks:
        if check.figure is not None:
            numbers[f"check.{check.name}"] = check.figure
    state = version.state.name.lower()
    return {
        "policy": version.reference,
        "name": version.name,
        "version": version.number,
        "sha256": version.sha256,
        "run_id": version.run_id,
        "description": f"{version.reference}, {game or 'any game'}, step {version.training_step}; "
        f"compared: {version.checked or 'not told'}",
        "tags": {
            "mazemesh.policy": version.reference,
            "mazemesh.version": str(version.number),
            "mazemesh.sha256": version.sha256,
            "mazemesh.state": state,
            "mazemesh.game": game,
            "mazemesh.spec_hash": version.spec_hash,
            "mazemesh.run_id": version.run_id,
            "mazemesh.parent": f"{version.name}:{version.parent_version}"
            if version.parent_version
            else "",
            "mazemesh.q_values": str(version.q_values).lower(),
        },
        "params": {"game": game, "run_id": version.run_id, **_named(texts)},
        "metrics": {
            "training_step": version.training_step,
            "size_bytes": version.size_bytes,
            **_named(numbers),
        },
    }


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """By names that a registry takes: letters, digits, and some signs."""
    return {
        "".join(one if one.isalnum() or one in "_-. /" else "_" for one in key)[:200]: value
        for key, value in values.items()
        if key
    }
