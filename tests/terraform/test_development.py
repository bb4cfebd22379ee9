"""development, applied: services on one machine, stores of AWS, actors and a GPU on spot."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.jobs.launchers.ec2 import Ec2Launcher, group_of
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.work import Training
from supervisor.cloud.operating.prices import price
from supervisor.cloud.scaling.tracking import ACTOR_TARGET
from tests.terraform.leftovers import left
from tests.terraform.plan_policies import broken
from tests.terraform.runner import Terraform
from tests.terraform.stack import Stack, checked_bill

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def plans(root_of: Callable[..., Terraform], aws: Callable[[str], Any]) -> tuple[Stack, Stack]:
    """As planned by the defaults, and as applied, with machines for training jobs."""
    terraform = root_of("development")
    plan = terraform.plan()
    terraform.variables(**{**terraform.given, "max_jobs": 2})
    applied = Stack.up(terraform, aws)
    return replace(applied, plan=plan), applied


@pytest.fixture(scope="module")
def stack(plans: tuple[Stack, Stack]) -> Stack:
    return plans[0]


@pytest.fixture(scope="module")
def with_jobs(plans: tuple[Stack, Stack]) -> Stack:
    return plans[1]


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
        ["game", "matchmaker", "model", "elo", "replay", "gateway"]
    )
    address = stack.settings("actors")["MAZEMESH_GAME_ADDRESS"]
    assert address == "game.mazemesh-development.internal:50051"


def test_a_second_plan_changes_nothing(stack: Stack) -> None:
    assert stack.unchanged() == []


def test_machines_of_jobs_are_counted_and_keep_the_rules(with_jobs: Stack, stack: Stack) -> None:
    assert not broken(with_jobs.plan)
    more = price(with_jobs.plan).most - price(stack.plan).most
    # Two machines around the clock at their cap, with addresses and disks.
    assert more == pytest.approx(2 * (730 * (0.04 + 0.005) + 20 * 0.08))
    assert price(with_jobs.plan).usual == pytest.approx(price(stack.plan).usual)


async def test_a_job_is_started_by_the_template_and_leaves_nothing(with_jobs: Stack) -> None:
    settings = with_jobs.settings("mesh")
    told = {name.removeprefix("MAZEMESH_GATEWAY_"): value for name, value in settings.items()}
    assert (told["JOBS"], told["JOBS_AT_ONCE"]) == ("ec2", "2")
    ec2, scaling = with_jobs.aws("ec2"), with_jobs.aws("autoscaling")
    template, subnets = told["JOBS_LAUNCH_TEMPLATE"], told["JOBS_SUBNETS"].split(",")
    clients = (ec2, scaling, with_jobs.aws("s3"))
    launcher = Ec2Launcher(*clients, template, subnets, told["JOBS_REPORTS"])
    job = Job("abc", "", Training("race", "ppo", "practice"))
    await launcher.start(job)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group_of(job)])[
        "AutoScalingGroups"
    ]
    assert group["VPCZoneIdentifier"].split(",") == subnets
    (made,) = ec2.describe_launch_template_versions(
        LaunchTemplateName=group_of(job), Versions=["$Latest"]
    )["LaunchTemplateVersions"]
    data = made["LaunchTemplateData"]
    script = base64.b64decode(data["UserData"]).decode()
    assert script.startswith("#!/bin/bash\n")
    assert script.index("MAZEMESH_JOB=") < script.index("--start mazemesh-job")
    assert "--extras aws,learner " in script
    assert f"MAZEMESH_JOB_REPORTS={told['JOBS_REPORTS']}" in script
    assert "MAZEMESH_LEARNER_BLOBS_URL=s3://mazemesh-development-models-" in script
    assert "MAZEMESH_GAME_ADDRESS=game.mazemesh-development.internal:50051" in script
    assert data["InstanceMarketOptions"]["SpotOptions"]["MaxPrice"] == "0.04"
    assert len(data["UserData"]) < 16384 * 4 / 3
    await launcher.forget(job)
    assert not scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group_of(job)])[
        "AutoScalingGroups"
    ]
    names = {
        one["LaunchTemplateName"] for one in ec2.describe_launch_templates()["LaunchTemplates"]
    }
    assert group_of(job) not in names


def test_gateway_and_machines_of_jobs_may_what_the_launcher_does(with_jobs: Stack) -> None:
    def allowed(role: str, policy: str) -> dict[str, dict[str, Any]]:
        document = with_jobs.aws("iam").get_role_policy(
            RoleName=f"mazemesh-development-{role}", PolicyName=policy
        )["PolicyDocument"]
        return {
            action: one
            for one in document["Statement"]
            for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        }

    gateway = allowed("mesh", "jobs")
    assert gateway.keys() >= {
        *("ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates"),
        *("ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate", "ec2:CreateTags"),
        *("ec2:RunInstances", "iam:PassRole", "autoscaling:DescribeAutoScalingGroups"),
        *("autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup"),
        *("autoscaling:DeleteAutoScalingGroup", "autoscaling:CreateOrUpdateTags"),
        *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
    }
    assert gateway["iam:PassRole"]["Resource"].endswith(":role/mazemesh-development-jobs")
    assert gateway["s3:PutObject"]["Resource"].endswith("/jobs/*")
    machine = allowed("jobs", "job")["autoscaling:UpdateAutoScalingGroup"]
    assert machine["Resource"].endswith(":autoScalingGroupName/mazemesh-job-*")
    assert {who for who, _ in with_jobs.lets_in("mesh")} >= {"jobs"}
    ports = {port for who, port in with_jobs.lets_in("mesh") if who == "jobs"}
    assert ports == {50051, 50052, 50053, 50055}


def test_destroy_leaves_nothing(stack: Stack, aws: Callable[[str], Any]) -> None:
    stack.terraform.destroy()
    assert left(aws) == {}
