"""What moves of aliases have to keep to, over a database in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mazemesh.errors import Conflict, FailedPrecondition, PermissionDenied, Unavailable
from services._harness.sql.database import Database
from services.model.checks import Check, Outcome
from services.model.registry import aliases, registry
from services.model.registry.policy import Alias, Submission, Told
from services.model.registry.rules import (
    Gate,
    Permission,
    RequiredCheck,
    RequiredGate,
    Rules,
    set_rules,
)
from services.model.stores.sql.registry import SqlRegistry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GATE = Gate("gate-1", "race:2", "race:1", True, "passed", 0.0, 0.05)


@pytest.fixture
async def store() -> AsyncIterator[SqlRegistry]:
    database = Database("sqlite://")
    await database.migrate("services.model")
    store = SqlRegistry(database, keep_events=1000)
    for number in (1, 2, 3):
        checks = (
            Check("parity-64", figure=number * 1e-6, limit=1e-4),
            Check("smoke", Outcome.PASSED if number < 3 else Outcome.SKIPPED, 0.2 * number),
        )
        one = Submission(
            name="race", sha256=f"{number:064x}", size_bytes=1, metadata={}, checks=checks
        )
        await store.transact(
            lambda tx, one=one: registry.publish(tx, one, "", now=NOW, keep=100)  # type: ignore[misc]
        )
    yield store
    await database.close()


async def rule(store: SqlRegistry, rules: Rules, alias: str = "champion", at: int = 0) -> int:
    return await store.transact(lambda tx: set_rules(tx, "race", alias, rules, at))


async def move(
    store: SqlRegistry,
    number: int,
    told: Told | None = None,
    gate: Gate | None = None,
    alias: str = "champion",
    previous: str = "previous",
) -> Alias:
    told = told or Told(gate_id=gate.gate_id if gate else "")
    gates = {told.gate_id: gate} if told.gate_id else {}
    present = await store.transact(lambda tx: tx.aliases.get("race", alias))
    expected = present.revision if present else 0
    return await store.transact(
        lambda tx: aliases.set_alias(
            *(tx, "race", alias, number, expected),
            now=NOW,
            told=told,
            previous=previous,
            permission=Permission(told, gates),
        )
    )


async def test_rules_are_set_by_compare_and_swap(store: SqlRegistry) -> None:
    assert await rule(store, Rules(movers=("ann",))) == 1
    with pytest.raises(Conflict, match=r"expected_revision is 0, but .* at revision 1"):
        await rule(store, Rules())
    assert await rule(store, Rules(), at=1) == 2
    await move(store, 1)  # there are none any more


async def test_only_who_may_moves_it(store: SqlRegistry) -> None:
    await rule(store, Rules(movers=("key-1",)))
    with pytest.raises(PermissionDenied, match=r"key key-2 may not move race:champion; .* key-1"):
        await move(store, 1, Told(mover="key-1", key_id="key-2"))
    with pytest.raises(PermissionDenied, match="'bob' may not"):
        await move(store, 1, Told(mover="bob"))
    await move(store, 1, Told(mover="bob", key_id="key-1"))
    await move(store, 2, Told(mover="key-1"))  # where no keys are asked for
    await move(store, 1, alias="candidate")  # of another alias they say nothing


@pytest.mark.parametrize(
    ("required", "number", "missing"),
    [
        (RequiredCheck("parity-64"), 1, ""),
        (RequiredCheck("parity-64", at_most=1.5e-6), 1, ""),
        (RequiredCheck("parity-64", at_most=1.5e-6), 2, "found 2e-06; expected at most 1.5e-06"),
        (RequiredCheck("smoke", at_least=0.3), 1, "found 0.2; expected at least 0.3"),
        (RequiredCheck("smoke", at_least=0.3), 2, ""),
        (RequiredCheck("smoke"), 3, "check smoke was skipped"),
        (RequiredCheck("latency-1"), 1, "check latency-1 was not made"),
    ],
)
async def test_checks_must_have_been_passed(
    store: SqlRegistry, required: RequiredCheck, number: int, missing: str
) -> None:
    await rule(store, Rules(checks=(required,)))
    if not missing:
        await move(store, number)
        return
    with pytest.raises(FailedPrecondition, match=missing):
        await move(store, number)


@pytest.mark.parametrize(
    ("gate", "missing"),
    [
        (GATE, ""),
        (None, "a gate must have passed, and gate_id names none"),
        (replace(GATE, passed=False, verdict="failed"), "gate gate-1 is failed; expected passed"),
        (replace(GATE, candidate="race:3"), "is of race:3, not of race:2"),
        (replace(GATE, baseline="bot/random"), "is against bot/random; expected race:1"),
        (replace(GATE, elo0=-10.0), "tests elo0 -10; expected at least 0"),
        (replace(GATE, alpha=0.2), "has alpha 0.2; expected at most 0.1"),
    ],
)
async def test_the_gate_must_be_the_right_one(
    store: SqlRegistry, gate: Gate | None, missing: str
) -> None:
    await move(store, 1)
    await rule(store, Rules(gate=RequiredGate(min_elo0=0.0, max_alpha=0.1)))
    if not missing:
        await move(store, 2, gate=gate)
        return
    with pytest.raises(FailedPrecondition, match=missing):
        await move(store, 2, gate=gate)


async def test_a_gate_that_elo_does_not_know_or_was_not_asked_for(store: SqlRegistry) -> None:
    await rule(store, Rules(gate=RequiredGate("bot/random")))
    with pytest.raises(FailedPrecondition, match="Elo knows no gate gate-9"):
        await store.transact(
            lambda tx: aliases.set_alias(
                *(tx, "race", "champion", 2, 0),
                now=NOW,
                told=Told(),
                permission=Permission(Told(gate_id="gate-9"), {"gate-9": None}),
            )
        )
    with pytest.raises(Unavailable, match="rules of race have changed meanwhile"):
        await store.transact(
            lambda tx: aliases.set_alias(
                *(tx, "race", "champion", 2, 0),
                now=NOW,
                told=Told(),
                permission=Permission(Told(gate_id="gate-9")),
            )
        )
    await move(store, 2, gate=replace(GATE, baseline="bot/random"))


async def test_the_way_back_is_always_open_to_who_may_move(store: SqlRegistry) -> None:
    for number in (1, 2):
        await move(store, number)
    strict = Rules(("ann",), (RequiredCheck("latency-1"),), RequiredGate())
    await rule(store, strict)
    with pytest.raises(PermissionDenied):
        await move(store, 1)
    await move(store, 1, Told(mover="ann"))
    await move(store, 2, Told(mover="ann"))
    with pytest.raises(FailedPrecondition):
        await move(store, 3, Told(mover="ann"))


async def test_rules_are_not_gone_around_by_another_alias(store: SqlRegistry) -> None:
    """`previous_alias` moves too: it must not carry a version to an alias with rules."""
    await rule(store, Rules(checks=(RequiredCheck("latency-1"),)))
    await move(store, 3, alias="candidate")
    with pytest.raises(FailedPrecondition, match="race:3 may not become champion"):
        await move(store, 2, alias="candidate", previous="champion")
    assert await store.transact(lambda tx: tx.aliases.get("race", "champion")) is None


def test_rules_as_they_are_kept() -> None:
    full: Any = Rules(
        ("a", "b"), (RequiredCheck("smoke", 0.5, None),), RequiredGate("bot/random", 0.0, 0.05)
    )
    assert Rules.from_text(full.to_text()) == full
    assert (Rules().to_text(), Rules.from_text("")) == ("", Rules())
