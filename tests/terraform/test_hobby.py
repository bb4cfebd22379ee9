"""hobby, applied: everything on one machine whose disk and address stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.terraform.leftovers import left
from tests.terraform.plan_policies import broken
from tests.terraform.runner import Terraform
from tests.terraform.stack import Stack, checked_bill

pytestmark = pytest.mark.timeout(1500)

OPERATOR, PLAYERS = "203.0.113.7/32", "198.51.100.0/24"


@pytest.fixture(scope="module")
def stack(root_of: Callable[..., Terraform], aws: Callable[[str], Any]) -> Stack:
    return Stack.up(root_of("hobby"), aws)


def test_its_plan_keeps_the_rules(stack: Stack) -> None:
    assert not broken(stack.plan)


def test_it_costs_less_than_its_limit_even_at_most_as_costs_json_tells(stack: Stack) -> None:
    assert checked_bill(stack).usual > 15


def test_one_machine_on_spot_whose_price_is_capped(stack: Stack) -> None:
    group = stack.group("mesh")
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (1, 1, 1)
    distribution = group["MixedInstancesPolicy"]["InstancesDistribution"]
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == 0
    assert distribution["SpotMaxPrice"] == "0.020"
    assert distribution["SpotAllocationStrategy"] == "capacity-optimized-prioritized"
    assert group["CapacityRebalance"]
    assert len(group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]) >= 5


def test_its_disk_and_its_address_are_the_machines_own_to_claim(stack: Stack) -> None:
    settings = stack.settings("mesh")
    (volume,) = stack.aws("ec2").describe_volumes(VolumeIds=[settings["MAZEMESH_CLOUD_VOLUME"]])[
        "Volumes"
    ]
    assert volume["Encrypted"]
    assert volume["Size"] == 20
    (address,) = stack.aws("ec2").describe_addresses()["Addresses"]
    assert address["AllocationId"] == settings["MAZEMESH_CLOUD_ADDRESS"]
    assert stack.outputs["host"] == address["PublicIp"]
    assert settings["MAZEMESH_PUBLIC_GAME_ADDRESS"] == f"{address['PublicIp']}:50051"
    actions = stack.role_actions("mesh")
    assert actions["OwnDisk"] == ["ec2:AttachVolume"]
    assert actions["OwnAddress"] == ["ec2:AssociateAddress"]
    subnets = stack.group("mesh")["VPCZoneIdentifier"].split(",")
    assert len(subnets) == 1, "a disk is in one zone"


def test_all_units_are_started(stack: Stack) -> None:
    units = stack.settings("mesh")["MAZEMESH_CLOUD_UNITS"].split(",")
    services = {
        f"mazemesh-service@{one}"
        for one in ("game", "matchmaker", "model", "elo", "replay", "gateway")
    }
    workers = {"mazemesh-learner", "mazemesh-actor@1", "mazemesh-evaluator@1"}
    assert set(units) == services | workers
    assert f"--start {' '.join(units)}" in stack.user_data("mesh")


def test_metadata_is_answered_to_tokens_alone(stack: Stack) -> None:
    options = stack.template("mesh")["MetadataOptions"]
    assert options["HttpTokens"] == "required"
    assert options["HttpPutResponseHopLimit"] == 1


def test_outsiders_reach_what_the_operator_said(stack: Stack) -> None:
    allowed = stack.lets_in("mesh")
    assert {(OPERATOR, port) for port in (*range(50051, 50056), 50060)} <= allowed
    assert {(PLAYERS, 50051), (PLAYERS, 50052), (PLAYERS, 50060)} <= allowed
    assert not {(PLAYERS, port) for port in (50053, 50054, 50055)} & allowed


def test_the_gateway_is_told_of_with_one_job_beside_the_learner(stack: Stack) -> None:
    assert stack.outputs["gateway_url"] == f"https://{stack.outputs['host']}:50060"
    assert set(stack.outputs["addresses"]) == {"game", "matchmaker", "model", "elo", "replay"}
    settings = stack.settings("mesh")
    assert settings["MAZEMESH_GATEWAY_JOBS_AT_ONCE"] == "1"
    assert settings["MAZEMESH_GATEWAY_JOBS_TRAINER_KEY_FILE"] == "/run/mazemesh/trainer.key"
    # Its environment is checked by its own settings, of which there may be no others.
    assert "MAZEMESH_GATEWAY_ADDRESS" not in settings


def test_the_release_lies_under_the_digest_of_its_files(stack: Stack) -> None:
    (bucket,) = [
        one["Name"]
        for one in stack.aws("s3").list_buckets()["Buckets"]
        if "releases" in one["Name"]
    ]
    keys = [one["Key"] for one in stack.aws("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    names = sorted(key.split("/")[-1] for key in keys)
    assert names[:2] == ["constraints.txt", "install"]
    assert names[2].endswith("-py3-none-any.whl")
    assert len({key.rsplit("/", 1)[0] for key in keys}) == 1
    assert all(key in stack.user_data("mesh") for key in keys)


@pytest.mark.parametrize("kind", ["models", "replays", "experience", "releases", "logs"])
def test_buckets_are_versioned_encrypted_closed_and_by_tls_alone(stack: Stack, kind: str) -> None:
    s3 = stack.aws("s3")
    (bucket,) = [one["Name"] for one in s3.list_buckets()["Buckets"] if f"-{kind}-" in one["Name"]]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert any(
        one["Effect"] == "Deny" and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for one in statements
    )
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    days = {one["ID"]: one.get("Expiration", {}).get("Days") for one in rules}
    assert "unfinished-uploads" in days
    assert days.get("old") == {"experience": 3, "replays": 30, "logs": 30}.get(kind)


def test_keys_are_drawn_and_certificates_have_their_place(stack: Stack) -> None:
    manager = stack.aws("secretsmanager")
    secrets = {
        one["Name"].split("/")[1]: one["ARN"] for one in manager.list_secrets()["SecretList"]
    }
    assert set(secrets) == {
        "admin-key",
        "viewer-key",
        "worker-key",
        "trainer-key",
        "service-key",
        "tls",
        "authority",
    }
    roles = {}
    for name in ("admin-key", "viewer-key", "worker-key", "trainer-key", "service-key"):
        roles.update(json.loads(manager.get_secret_value(SecretId=secrets[name])["SecretString"]))
    assert set(roles) == {
        *("admin", "viewer", "worker", "trainer"),
        *("game-service", "matchmaker-service", "model-service"),
    }
    assert len(set(roles.values())) == 7
    assert all(len(key) == 3 + 12 + 1 + 43 for key in roles.values())
    state = stack.terraform.run("show", "-json")
    assert not [role for role, key in roles.items() if key in state or key[16:] in state]
    assert stack.outputs["admin_key_secret"] == "mazemesh-hobby/admin-key"


def test_a_machine_may_read_no_authority(stack: Stack) -> None:
    settings = stack.settings("mesh")["MAZEMESH_CLOUD_SECRETS"]
    assert "tls=" in settings
    assert "authority" not in settings


def test_leaving_is_waited_for(stack: Stack) -> None:
    (hook,) = stack.aws("autoscaling").describe_lifecycle_hooks(
        AutoScalingGroupName="mazemesh-hobby-mesh"
    )["LifecycleHooks"]
    assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert hook["HeartbeatTimeout"] == 150
    assert hook["DefaultResult"] == "CONTINUE"


def test_the_budget_warns_before_it_is_spent(stack: Stack) -> None:
    budgets = stack.aws("budgets")
    (budget,) = budgets.describe_budgets(AccountId="123456789012")["Budgets"]
    assert float(budget["BudgetLimit"]["Amount"]) == 30
    notices = budgets.describe_notifications_for_budget(
        AccountId="123456789012", BudgetName=budget["BudgetName"]
    )["Notifications"]
    assert sorted((one["NotificationType"], one["Threshold"]) for one in notices) == [
        ("ACTUAL", 50.0),
        ("ACTUAL", 80.0),
        ("ACTUAL", 100.0),
        ("FORECASTED", 100.0),
    ]
    (monitor,) = stack.aws("ce").get_anomaly_monitors()["AnomalyMonitors"]
    assert monitor["MonitorDimension"] == "SERVICE"


def test_the_bill_is_an_alarm(stack: Stack) -> None:
    alarms = {
        one["AlarmName"]: one for one in stack.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    }
    bill = alarms["mazemesh-hobby-bill"]
    assert (bill["Namespace"], bill["Threshold"]) == ("AWS/Billing", 30.0)
    assert bill["AlarmActions"]


def test_the_shutdown_function_is_the_wheel_and_looks_every_five_minutes(stack: Stack) -> None:
    function = stack.aws("lambda").get_function(FunctionName=stack.outputs["shutdown_function"])
    configuration = function["Configuration"]
    assert configuration["Handler"] == "supervisor.cloud.scaling.shutdown.handler"
    assert configuration["Environment"]["Variables"]["MAZEMESH_CLOUD_IDLE_MINUTES"] == "60"
    rules = {one["Name"]: one for one in stack.aws("events").list_rules()["Rules"]}
    assert rules["mazemesh-hobby-shutdown-look"]["ScheduleExpression"] == "rate(5 minutes)"
    pattern = json.loads(rules["mazemesh-hobby-shutdown-training"]["EventPattern"])
    assert pattern["detail-type"] == ["training"]
    inputs = {}
    for name in ("look", "training"):
        (target,) = stack.aws("events").list_targets_by_rule(
            Rule=f"mazemesh-hobby-shutdown-{name}"
        )["Targets"]
        assert target["Arn"] == configuration["FunctionArn"]
        inputs[name] = json.loads(target["Input"])
    assert inputs == {"look": {"action": "look"}, "training": {"action": "start"}}


def test_a_second_plan_changes_nothing(stack: Stack) -> None:
    assert stack.unchanged() == []


def test_the_shutdown_function_stops_the_machine_and_starts_it_again(
    stack: Stack, aws: Callable[[str], Any]
) -> None:
    from supervisor.cloud.scaling.shutdown import act

    given: dict[str, Any] = {
        "mesh": "mazemesh-hobby",
        "idle_minutes": 60.0,
        "parameter": "/mazemesh-hobby/shutdown",
        "topic": aws("sns").list_topics()["Topics"][0]["TopicArn"],
        "clients": {name: aws(name) for name in ("autoscaling", "cloudwatch", "ssm", "sns")},
    }
    now = 1_800_000_000.0
    assert act("look", now=now, **given)["changes"] == []
    idle = act("look", now=now + 3_700, **given)["changes"]
    assert [(one["group"], one["desired"]) for one in idle] == [("mazemesh-hobby-mesh", 0)]
    assert stack.group("mesh")["DesiredCapacity"] == 0
    begun = act("start", now=now + 3_900, **given)["changes"]
    assert [(one["group"], one["desired"]) for one in begun] == [("mazemesh-hobby-mesh", 1)]
    assert (stack.group("mesh")["MinSize"], stack.group("mesh")["DesiredCapacity"]) == (1, 1)


def test_destroy_leaves_nothing(stack: Stack, aws: Callable[[str], Any]) -> None:
    stack.terraform.destroy()
    assert left(aws) == {}
