"""NetworkPolicies admit what docs/architecture.md says, and nothing else."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.unit.deploy.rendered import OVERLAYS, SERVICES, Pod, of_kind, pods

ROOT = Path(__file__).parents[3]
ROLES = (*SERVICES, "actor", "evaluator", "learner")


def documented() -> dict[str, set[str]]:
    """The table of docs/architecture.md: services by their callers."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text.partition("### Who calls whom")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| ([\w, ]+) \|$", table, re.MULTILINE)
    return {caller: set(called.split(", ")) for caller, called in rows if caller != "caller"}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector takes a pod, by Kubernetes' rules."""
    for name, value in selector.get("matchLabels", {}).items():
        if labels.get(name) != value:
            return False
    for one in selector.get("matchExpressions", []):
        if one["operator"] == "In" and labels.get(one["key"]) not in one["values"]:
            return False
        if one["operator"] == "Exists" and one["key"] not in labels:
            return False
        assert one["operator"] in ("In", "Exists")
    return True


def admits(overlay: str, direction: str, here: Pod, there: Pod, port: int) -> bool:
    """Whether some policy of `here` lets it talk to, or be talked to by, `there`."""
    peers = {"Ingress": "from", "Egress": "to"}[direction]
    for policy in of_kind(overlay, "NetworkPolicy"):
        spec = policy["spec"]
        if direction not in spec["policyTypes"] or not selects(spec["podSelector"], here.labels):
            continue
        for rule in spec.get(direction.lower(), []):
            near = any(
                selects(peer["podSelector"], there.labels)
                for peer in rule[peers]
                if "podSelector" in peer and "namespaceSelector" not in peer
            )
            if near and any(holds(one, port) for one in rule["ports"]):
                return True
    return False


def holds(rule: dict[str, Any], port: int) -> bool:
    if rule["protocol"] != "TCP" or not isinstance(rule["port"], int):
        return False
    return int(rule["port"]) <= port <= int(rule.get("endPort", rule["port"]))


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_who_may_talk_to_whom_is_the_table(overlay: str) -> None:
    table = documented()
    assert set(table) == {*ROLES, "gateway", "job"} - {"elo", "replay"}
    by_role = {pod.role: pod for pod in pods(overlay)}
    for caller, called in product(by_role, SERVICES):
        here, there, port = by_role[caller], by_role[called], SERVICES[called]
        wanted = called in table.get(caller, set())
        assert admits(overlay, "Egress", here, there, port) == wanted, (caller, called)
        assert admits(overlay, "Ingress", there, here, port) == wanted, (caller, called)
        for other in set(SERVICES.values()) - {port}:
            assert not admits(overlay, "Ingress", there, here, other), (caller, called, other)


def test_what_no_policy_admits_is_refused(overlay: str) -> None:
    (closed,) = (
        one["spec"]
        for one in of_kind(overlay, "NetworkPolicy")
        if one["metadata"]["name"] == "nothing-else"
    )
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_who_has_stores_reaches_beyond_the_cluster(overlay: str) -> None:
    reaching = set()
    for policy in of_kind(overlay, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for peer in rule["to"]:
                if "ipBlock" in peer:
                    assert peer["ipBlock"]["except"] == ["169.254.169.254/32"]
                    reaching |= {
                        pod.role
                        for pod in pods(overlay)
                        if selects(policy["spec"]["podSelector"], pod.labels)
                    }
    expected = {*SERVICES, "keys"} | ({"learner"} if overlay == "production" else set())
    assert reaching == (set() if overlay == "laptop" else expected)


def test_security_groups_are_the_same_table() -> None:
    text = (ROOT / "terraform" / "modules" / "network" / "groups.tf").read_text()
    block = text.partition("calls = {")[2].partition("}")[0]
    groups = {
        caller: set(re.findall(r"\"(\w+)\"", called))
        for caller, called in re.findall(r"(\w+)\s*=\s*\[(.*)\]", block)
    }
    assert {caller: called for caller, called in groups.items() if called} == documented()
