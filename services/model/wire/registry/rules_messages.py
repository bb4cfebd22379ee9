"""Rules for moves of aliases: messages to the registry's nouns and back."""

from __future__ import annotations

import math
from typing import Final

from mazemesh.errors import InvalidArgument
from mazemesh.names import ALIAS, LATEST, PLAYER, POLICY
from mazemesh.v1 import registry_pb2 as pb
from services.model.registry.rules import RequiredCheck, RequiredGate, Rules

MOST_MOVERS: Final = 64
CHECKS: Final = (
    "size",
    "onnx",
    "external-data",
    "operators",
    "opset",
    "finite",
    "load",
    "signature",
    "parity",
    "parity-1",
    "parity-64",
    "parity-plain",
    "latency-1",
    "latency-64",
    "smoke",
)
"""Those that may be required; see registry.proto."""

_LONGEST_MOVER: Final = 128


def read_rules(message: pb.PromotionRules) -> tuple[str, str, Rules]:
    """Name, alias and rules.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    name = POLICY.check("rules.name", message.name)
    alias = ALIAS.check("rules.alias", message.alias)
    if alias == LATEST:
        raise InvalidArgument("rules.alias is 'latest', which moves by itself; expected another")
    if len(message.movers) > MOST_MOVERS:
        raise InvalidArgument(
            f"rules.movers has {len(message.movers)} ids; at most {MOST_MOVERS} are allowed"
        )
    for mover in message.movers:
        if not (1 <= len(mover) <= _LONGEST_MOVER and mover.isprintable()):
            raise InvalidArgument(
                f"rules.movers has {mover[:40]!r}; expected 1..{_LONGEST_MOVER} printable "
                "characters"
            )
    if len(message.checks) > 2 * len(CHECKS):
        raise InvalidArgument(
            f"rules.checks has {len(message.checks)}; at most {2 * len(CHECKS)} are allowed"
        )
    gate = _gate(message.gate) if message.HasField("gate") else None
    checks = tuple(_check(number, one) for number, one in enumerate(message.checks))
    return name, alias, Rules(tuple(message.movers), checks, gate)


def rules_message(name: str, alias: str, revision: int, rules: Rules) -> pb.PromotionRules:
    """Rules on the wire."""
    message = pb.PromotionRules(
        name=name,
        alias=alias,
        movers=rules.movers,
        checks=[
            pb.RequiredCheck(check=one.check, at_least=one.at_least, at_most=one.at_most)
            for one in rules.checks
        ],
        revision=revision,
    )
    if rules.gate is not None:
        gate = rules.gate
        message.gate.CopyFrom(
            pb.RequiredGate(
                baseline=gate.baseline, min_elo0=gate.min_elo0, max_alpha=gate.max_alpha
            )
        )
    return message


def _check(number: int, message: pb.RequiredCheck) -> RequiredCheck:
    field = f"rules.checks[{number}]"
    if message.check not in CHECKS:
        raise InvalidArgument(
            f"{field}.check is {message.check[:40]!r}; expected one of {', '.join(CHECKS)}"
        )
    return RequiredCheck(
        message.check,
        _bound(f"{field}.at_least", message.at_least) if message.HasField("at_least") else None,
        _bound(f"{field}.at_most", message.at_most) if message.HasField("at_most") else None,
    )


def _gate(message: pb.RequiredGate) -> RequiredGate:
    baseline = message.baseline
    if baseline:
        PLAYER.check("rules.gate.baseline", baseline)
    elo0 = _bound("rules.gate.min_elo0", message.min_elo0) if message.HasField("min_elo0") else None
    alpha = None
    if message.HasField("max_alpha"):
        alpha = _bound("rules.gate.max_alpha", message.max_alpha)
    return RequiredGate(baseline, elo0, alpha)


def _bound(field: str, value: float) -> float:
    if not math.isfinite(value):
        raise InvalidArgument(f"{field} is {value}; expected a number")
    return value
