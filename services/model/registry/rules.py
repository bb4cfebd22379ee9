"""What a move of an alias has to keep to: who may make it, and what must have been found before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Protocol

from mazemesh.errors import Conflict, FailedPrecondition, PermissionDenied, Unavailable
from services.model.checks import Check, Outcome, joined
from services.model.registry.policy import Alias, Told, Version
from services.model.store import Transaction


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A check that must have been passed, and bounds of its figure."""

    check: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class RequiredGate:
    """A gate that must have been passed.

    Attributes:
        baseline: Whom it was held against; empty: the version that the alias stands for.
        min_elo0, max_alpha: Of its hypotheses; None: any.
    """

    baseline: str = ""
    min_elo0: float | None = None
    max_alpha: float | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """For moves of one alias.

    Attributes:
        movers: Ids of keys that may move it; empty: of all whose role may.
        checks: Of the version.
        gate: None: no gate is needed.
    """

    movers: tuple[str, ...] = ()
    checks: tuple[RequiredCheck, ...] = ()
    gate: RequiredGate | None = None

    def __bool__(self) -> bool:
        return bool(self.movers or self.checks or self.gate)

    def to_text(self) -> str:
        """As they are kept."""
        return json.dumps(asdict(self)) if self else ""

    @classmethod
    def from_text(cls, text: str) -> Rules:
        """As they were kept."""
        if not text:
            return cls()
        kept = json.loads(text)
        checks = tuple(RequiredCheck(**one) for one in kept["checks"])
        gate = RequiredGate(**kept["gate"]) if kept["gate"] else None
        return cls(tuple(kept["movers"]), checks, gate)


@dataclass(frozen=True, slots=True)
class Gate:
    """What Elo tells of a gate."""

    gate_id: str
    candidate: str
    baseline: str
    passed: bool
    verdict: str
    elo0: float
    alpha: float


class GatePeer(Protocol):
    """The Elo service, as far as gates go."""

    async def gate(self, gate_id: str) -> Gate | None:
        """A gate; None when Elo knows none of the id. Raises `Unavailable` while it is away."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Holds moves of aliases against their rules.

    Attributes:
        told: What the mover says.
        gates: What Elo told, by id, None of those that it does not know; those that were not asked
            for are not in it.
    """

    told: Told = field(default_factory=Told)
    gates: Mapping[str, Gate | None] = field(default_factory=lambda: MappingProxyType({}))

    def check(self, tx: Transaction, alias: str, version: Version, present: Alias | None) -> None:
        """Refuses a move of an alias to a version, where it stands at `present`.

        Raises:
            PermissionDenied: somebody else may make it.
            FailedPrecondition: a check or a gate is missing; names all that are.
            Unavailable: the rules came while the caller asked for the gate.
        """
        _, text = tx.rules.get(version.name, alias)
        rules = Rules.from_text(text)
        if not rules:
            return
        self._check_mover(rules, version.name, alias)
        if tx.moves.stood(version.name, alias, version.number):
            return
        missing = [*_missing_checks(tx, rules.checks, version)]
        if rules.gate is not None:
            missing += self._missing_gate(rules.gate, version, present)
        if missing:
            raise FailedPrecondition(
                f"{version.reference} may not become {alias} by the rules of {version.name}: "
                f"{'; '.join(missing)}"
            )

    def _check_mover(self, rules: Rules, name: str, alias: str) -> None:
        # Without keys nobody is known, and who calls is believed.
        mover = self.told.key_id or self.told.mover
        if rules.movers and mover not in rules.movers:
            who = f"key {mover}" if self.told.key_id else repr(mover or "somebody")
            raise PermissionDenied(
                f"{who} may not move {name}:{alias}; by its rules may: {', '.join(rules.movers)}"
            )

    def _missing_gate(
        self, wanted: RequiredGate, version: Version, present: Alias | None
    ) -> Sequence[str]:
        told = self.told.gate_id
        if not told:
            return ["a gate must have passed, and gate_id names none (`mazemesh gate` holds one)"]
        if told not in self.gates:
            raise Unavailable(f"the rules of {version.name} have changed meanwhile; try again")
        gate = self.gates[told]
        if gate is None:
            return [f"Elo knows no gate {told}"]
        baseline = wanted.baseline
        if not baseline and present is not None:
            baseline = f"{version.name}:{present.number}"
        return list(_differences(gate, wanted, version.reference, baseline))


def set_rules(tx: Transaction, name: str, alias: str, rules: Rules, expected: int) -> int:
    """Sets the rules for an alias by compare-and-swap; the new revision.

    Raises:
        Conflict: another revision than `expected`.
    """
    tx.lock()
    present, _ = tx.rules.get(name, alias)
    if present != expected:
        raise Conflict(
            f"expected_revision is {expected}, but the rules for {name}:{alias} are at revision "
            f"{present}"
        )
    tx.rules.put(name, alias, present + 1, rules.to_text())
    return present + 1


def checks_of(tx: Transaction, version: Version) -> tuple[Check, ...]:
    """All checks of a version, those of its graph included."""
    own = tx.checks.get(version.name, version.number)
    if not version.graph_sha256:
        return own
    of, graph = tx.checks.graph(version.graph_sha256)
    return joined(own, graph, of)


def _missing_checks(
    tx: Transaction, required: Sequence[RequiredCheck], version: Version
) -> Sequence[str]:
    if not required:
        return []
    found = {one.name: one for one in checks_of(tx, version)}
    return [missing for one in required if (missing := _missing_check(one, found.get(one.check)))]


def _missing_check(wanted: RequiredCheck, found: Check | None) -> str:
    if found is None:
        return f"check {wanted.check} was not made"
    if found.outcome is not Outcome.PASSED:
        how = found.outcome.name.lower()
        return f"check {wanted.check} was {how}" + (f" ({found.detail})" if found.detail else "")
    if found.figure is None and (wanted.at_least, wanted.at_most) != (None, None):
        return f"check {wanted.check} has no figure ({found.detail}), and the rules bound it"
    figure = found.figure or 0.0
    if wanted.at_least is not None and figure < wanted.at_least:
        return f"check {wanted.check} found {figure:g}; expected at least {wanted.at_least:g}"
    if wanted.at_most is not None and figure > wanted.at_most:
        return f"check {wanted.check} found {figure:g}; expected at most {wanted.at_most:g}"
    return ""


def _differences(gate: Gate, wanted: RequiredGate, candidate: str, baseline: str) -> Sequence[str]:
    found = []
    if not gate.passed:
        found.append(f"gate {gate.gate_id} is {gate.verdict}; expected passed")
    if gate.candidate != candidate:
        found.append(f"gate {gate.gate_id} is of {gate.candidate}, not of {candidate}")
    if baseline and gate.baseline != baseline:
        found.append(f"gate {gate.gate_id} is against {gate.baseline}; expected {baseline}")
    if wanted.min_elo0 is not None and gate.elo0 < wanted.min_elo0:
        found.append(
            f"gate {gate.gate_id} tests elo0 {gate.elo0:g}; expected at least {wanted.min_elo0:g}"
        )
    if wanted.max_alpha is not None and gate.alpha > wanted.max_alpha:
        found.append(
            f"gate {gate.gate_id} has alpha {gate.alpha:g}; expected at most {wanted.max_alpha:g}"
        )
    return found
