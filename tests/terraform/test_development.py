"""development, applied: services on one machine, stores of AWS, actors and a GPU on spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from supervisor.cloud.scaling.tracking import ACTOR_TARGET
from tests.terraform.leftovers import left
from tests.terraform.plan_policies import broken
from tests.terraform.runner import Terraform
from tests.terraform.stack import Stack, checked_bill

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def stack(root_of: Callable[..., Terraform], aws: Callable[[str], Any]) -> Stack:
    return Stack.up(root_of("development"), aws)


def test_its_plan_keeps_the_rules(stack: Stack) -> None:
    assert not broken(stack.plan)


def test_it_costs_less_than_its_limit_even_at_most_as_costs_json_tells(stack: Stack) -> None:
    assert checked_bill(stack).usual > 50


def test_the_database_is_closed_and_its_password_is_its_own(stack: Stack) -> None:
    (database,) = stack.aws("rds").describe_db_instances()["DBInstances"]
    assert database["DBInstanceClass"] == "db.t4g.micro"
    assert database["StorageEncrypted"]
    assert not database["PubliclyAccessible"]
    assert (
        database["MasterUserSecret"]["SecretArn"]
        in stack.settings("mesh")["MAZEMESH_CLOUD_SECRETS"]
    )
    assert stack.settings("mesh")["MAZEMESH_CLOUD_DATABASE"].endswith(":5432/mazemesh")


def test_the_cache_is_encrypted_and_named_to_the_services(stack: Stack) -> None:
    (cache,) = stack.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert cache["TransitEncryptionEnabled"]
    assert cache["AtRestEncryptionEnabled"]
    assert stack.settings("mesh")["MAZEMESH_REDIS_URL"].startswith("rediss://")


def test_only_services_reach_the_stores(stack: Stack) -> None:
    assert stack.lets_in("database") == {("mesh", 5432)}
    assert stack.lets_in("cache") == {("mesh", 6379)}
    assert "MAZEMESH_CLOUD_DATABASE" not in stack.settings("actors")
    assert "MAZEMESH_REDIS_URL" not in stack.settings("learner")


def test_nobody_reaches_actors(stack: Stack) -> None:
    assert stack.lets_in("actors") == set()


def test_actors_reach_what_they_call(stack: Stack) -> None:
    ports = {port for who, port in stack.lets_in("mesh") if who == "actors"}
    assert ports == {50051, 50052, 50053, 50055}
    ports = {port for who, port in stack.lets_in("mesh") if who == "learner"}
    assert ports == {50052, 50053, 50055}


def test_actors_follow_the_games_that_wait(stack: Stack) -> None:
    (policy,) = stack.aws("autoscaling").describe_policies(
        AutoScalingGroupName="mazemesh-development-actors"
    )["ScalingPolicies"]
    tracking = policy["TargetTrackingConfiguration"]
    assert tracking["TargetValue"] == ACTOR_TARGET
    metrics = tracking["CustomizedMetricSpecification"]["Metrics"]
    assert {one["Id"] for one in metrics} == {"each", "queued", "wanted", "machines"}


def test_actors_have_hours_and_rest_when_idle(stack: Stack) -> None:
    tags = {one["Key"]: one["Value"] for one in stack.group("actors")["Tags"]}
    assert tags["mazemesh:monthly-hours"] == "150"
    assert tags["mazemesh:idle"] == "stop"
    tags = {one["Key"]: one["Value"] for one in stack.group("mesh")["Tags"]}
    assert tags["mazemesh:idle"] == "keep"


def test_the_learner_has_a_gpu_and_its_checkpoints_lie_in_s3(stack: Stack) -> None:
    overrides = stack.group("learner")["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [one["InstanceType"] for one in overrides] == ["g4dn.xlarge"]
    settings = stack.settings("learner")
    assert settings["MAZEMESH_LEARNER_DEVICE"] == "cuda"
    assert settings["MAZEMESH_CLOUD_CHECKPOINTS"].startswith("s3://mazemesh-development-models-")
    assert set(stack.role_actions("learner")["Blobs"]) >= {"s3:GetObject", "s3:PutObject"}
    assert "--extras aws,learner,gpu" in stack.user_data("learner")


def test_workers_may_read_their_own_key_alone(stack: Stack) -> None:
    def secrets(short: str) -> set[str]:
        pairs = stack.settings(short)["MAZEMESH_CLOUD_SECRETS"].split(",")
        return {pair.split("=")[0] for pair in pairs}

    assert secrets("actors") == {"tls", "worker-key"}
    assert secrets("learner") == {"tls", "trainer-key"}


def test_services_are_found_by_name(stack: Stack) -> None:
    services = stack.aws("servicediscovery").list_services()["Services"]
    assert sorted(one["Name"] for one in services) == sorted(
        ["game", "matchmaker", "model", "elo", "replay"]
    )
    address = stack.settings("actors")["MAZEMESH_GAME_ADDRESS"]
    assert address == "game.mazemesh-development.internal:50051"


def test_a_second_plan_changes_nothing(stack: Stack) -> None:
    assert stack.unchanged() == []


def test_destroy_leaves_nothing(stack: Stack, aws: Callable[[str], Any]) -> None:
    stack.terraform.destroy()
    assert left(aws) == {}
