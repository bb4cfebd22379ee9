"""Variants of production, as plans."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from supervisor.cloud.operating.prices import price
from tests.terraform.plan_policies import broken, of_type, planned
from tests.terraform.runner import Terraform

pytestmark = pytest.mark.timeout(1500)

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/mazemesh@sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def production(root_of: Callable[..., Terraform]) -> Terraform:
    return root_of("production")


def plan_with(terraform: Terraform, **variables: Any) -> dict[str, Any]:
    given = []
    for name, value in variables.items():
        text = value if isinstance(value, str) else json.dumps(value)
        given.append(f"-var={name}={text}")
    return terraform.plan(*given)


def test_with_a_domain_an_alb_tells_services_apart_by_path_and_an_instance_is_the_nat(
    production: Terraform,
) -> None:
    zone = {"name": "mesh.example.org", "zone_id": "Z0123456789ABCDEFGHIJ"}
    plan = plan_with(production, domain=zone, nat="instance")
    resources = planned(plan)
    ((_, balancer),) = of_type(resources, "aws_lb")
    assert balancer["load_balancer_type"] == "application"
    assert balancer["idle_timeout"] == 3600
    paths = {
        pattern
        for _, rule in of_type(resources, "aws_lb_listener_rule")
        for condition in rule["condition"]
        for pattern in condition["path_pattern"][0]["values"]
    }
    services = ("Game", "Matchmaker", "Model", "Elo", "Replay")
    methods = {f"/mazemesh.v1.{service}Service/*" for service in services}
    assert paths == {*methods, "/mazemesh.v1.*", "/grpc.*"}
    kinds = {
        group["port"]: (group["protocol"], group["protocol_version"], group["health_check"][0])
        for _, group in of_type(resources, "aws_lb_target_group")
    }
    assert set(kinds) == {*range(50051, 50056), 50060}
    # All that is no method is the gateway's, over HTTP/1.1, as WebSockets are.
    ((_, listener),) = of_type(resources, "aws_lb_listener")
    assert listener["default_action"][0]["type"] == "forward"
    protocol, version, health = kinds.pop(50060)
    assert (protocol, version) == ("HTTPS", "HTTP1")
    assert (health["path"], health["matcher"]) == ("/healthz", "200")
    for protocol, version, _ in kinds.values():
        assert (protocol, version) == ("HTTPS", "GRPC")
    outside = [
        rule["from_port"]
        for address, rule in of_type(resources, "aws_vpc_security_group_ingress_rule")
        if ".outside[" in address
    ]
    assert set(outside) == {443}
    assert not list(of_type(resources, "aws_nat_gateway"))
    ((_, nat),) = of_type(resources, "aws_instance")
    assert nat["source_dest_check"] is False
    assert not broken(plan)
    bill = price(plan)
    assert bill.most < 1000
    assert {line.what: line.usual for line in bill.lines}["NAT instance"] < 10


def test_services_run_on_fargate_by_a_variable_and_without_nat_machines_are_public(
    production: Terraform,
) -> None:
    plan = plan_with(production, runtime="ecs", image=IMAGE, nat="none", max_jobs=1)
    resources = planned(plan)
    tasks = {values["name"] for _, values in of_type(resources, "aws_ecs_service")}
    assert tasks == {"game", "matchmaker", "model", "elo", "gateway"}
    for _, values in of_type(resources, "aws_ecs_service"):
        assert values["launch_type"] == "FARGATE"
    groups = {values["name"] for _, values in of_type(resources, "aws_autoscaling_group")}
    assert groups == {f"mazemesh-production-{one}" for one in ("replay", "actors", "learner")}
    assert not list(of_type(resources, "aws_nat_gateway", "aws_instance"))
    # A task may start machines of jobs as well as a machine may.
    starters = {
        values["role"]
        for address, values in of_type(resources, "aws_iam_role_policy")
        if address == "module.jobs[0].aws_iam_role_policy.gateway"
    }
    assert starters == {"mazemesh-production-gateway-task"}
    for _, values in of_type(resources, "aws_launch_template"):
        assert str(values["network_interfaces"][0]["associate_public_ip_address"]) == "true"
    assert not broken(plan)
    assert price(plan).most < 1000
