"""production, applied: each service on machines of its own, over two zones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.gateway.access.sealing import Seal
from supervisor.cloud.scaling.tracking import LEARNER_TARGET
from tests.terraform.leftovers import left
from tests.terraform.plan_policies import broken
from tests.terraform.runner import Terraform
from tests.terraform.stack import Stack, checked_bill

pytestmark = pytest.mark.timeout(1500)

SERVICES = ("game", "matchmaker", "model", "elo", "replay", "gateway")
PORTS = (*range(50051, 50056), 50060)


@pytest.fixture(scope="module")
def stack(root_of: Callable[..., Terraform], aws: Callable[[str], Any]) -> Stack:
    return Stack.up(root_of("production"), aws)


def test_its_plan_keeps_the_rules(stack: Stack) -> None:
    assert not broken(stack.plan)


def test_it_costs_less_than_its_limit_even_at_most_as_costs_json_tells(stack: Stack) -> None:
    assert checked_bill(stack).usual > 600


def test_three_tiers_over_two_zones(stack: Stack) -> None:
    ec2 = stack.aws("ec2")
    (vpc,) = [one for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]]
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])[
        "Subnets"
    ]
    tiers: dict[str, set[str]] = {}
    for one in subnets:
        tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        tiers.setdefault(tags["Tier"], set()).add(one["AvailabilityZone"])
    assert set(tiers) == {"public", "services", "training"}
    assert all(len(zones) == 2 for zones in tiers.values())


def test_private_tiers_go_out_by_nat_and_to_s3_by_its_endpoint(stack: Stack) -> None:
    ec2 = stack.aws("ec2")
    (nat,) = [
        one for one in ec2.describe_nat_gateways()["NatGateways"] if one["State"] == "available"
    ]
    tables = ec2.describe_route_tables(
        Filters=[{"Name": "tag:Name", "Values": ["mazemesh-production-private"]}]
    )["RouteTables"]
    routes = {
        one.get("DestinationCidrBlock"): one.get("NatGatewayId") for one in tables[0]["Routes"]
    }
    assert routes["0.0.0.0/0"] == nat["NatGatewayId"]
    (endpoint,) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert endpoint["ServiceName"].endswith(".s3")
    assert tables[0]["RouteTableId"] in endpoint["RouteTableIds"]


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("game", "c7g.xlarge"),
        ("matchmaker", "c7g.large"),
        ("model", "c7g.2xlarge"),
        ("elo", "t4g.medium"),
        ("replay", "r7g.xlarge"),
        ("gateway", "t4g.small"),
    ],
)
def test_each_service_has_its_class_on_demand(stack: Stack, role: str, kind: str) -> None:
    policy = stack.group(role)["MixedInstancesPolicy"]
    assert policy["LaunchTemplate"]["Overrides"][0]["InstanceType"] == kind
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 100
    assert stack.settings(role)["MAZEMESH_CLOUD_UNITS"] == f"mazemesh-service@{role}"


def test_game_and_matchmaker_are_public_and_the_rest_is_not(stack: Stack) -> None:
    public = {
        role: str(stack.template(role)["NetworkInterfaces"][0]["AssociatePublicIpAddress"]).lower()
        for role in (*SERVICES, "actors", "learner")
    }
    assert {role for role, value in public.items() if value == "true"} == {"game", "matchmaker"}


def test_who_calls_whom_port_by_port(stack: Stack) -> None:
    edge = {*(("edge", port) for port in PORTS), ("gateway", 50051), ("gateway", 50054)}
    edge |= {("gateway", 50055)}
    workers = {"actors", "learner", "jobs"}
    assert stack.lets_in("elo") - edge == {
        ("game", 50054),
        ("matchmaker", 50054),
        ("model", 50054),
    }
    assert stack.lets_in("game") - edge == {
        ("matchmaker", 50051),
        ("model", 50051),
        ("actors", 50051),
        ("jobs", 50051),
    }
    assert {who for who, _ in stack.lets_in("replay") - edge} == {"model", *workers}
    assert {who for who, _ in stack.lets_in("database")} == set(SERVICES)


def test_players_reach_three_ports_of_the_balancer(stack: Stack) -> None:
    ports = {port for who, port in stack.lets_in("edge") if who == "198.51.100.0/24"}
    assert ports == {50051, 50052, 50060}


def test_the_balancer_passes_tls_on(stack: Stack) -> None:
    balancers = stack.aws("elbv2")
    (balancer,) = balancers.describe_load_balancers()["LoadBalancers"]
    assert balancer["Type"] == "network"
    assert len(balancer["AvailabilityZones"]) == 2
    listeners = balancers.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
        "Listeners"
    ]
    assert sorted(one["Port"] for one in listeners) == list(PORTS)
    assert {one["Protocol"] for one in listeners} == {"TCP"}
    assert stack.group("game")["TargetGroupARNs"]
    assert stack.outputs["host"] == balancer["DNSName"]


def test_the_gateway_reaches_every_service_and_nobody_inside_reaches_it(stack: Stack) -> None:
    assert stack.lets_in("gateway") == {("edge", 50060)}
    for role, port in zip(SERVICES, PORTS, strict=True):
        if role != "gateway":
            assert ("gateway", port) in stack.lets_in(role)
    assert stack.group("gateway")["TargetGroupARNs"]
    assert stack.outputs["gateway_url"] == f"https://{stack.outputs['host']}:50060"
    assert "gateway" not in stack.outputs["addresses"]


def test_logins_outlive_the_gateways_machine(stack: Stack) -> None:
    pairs = stack.settings("gateway")["MAZEMESH_CLOUD_SECRETS"].split(",")
    arn = dict(pair.split("=", 1) for pair in pairs)["cookie"]
    value = json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    Seal(value["secret"], lambda: 0.0)  # refuses what is no secret
    assert "cookie=" not in stack.settings("game")["MAZEMESH_CLOUD_SECRETS"]


def test_without_machines_for_jobs_they_wait(stack: Stack) -> None:
    assert stack.settings("gateway")["MAZEMESH_GATEWAY_JOBS_AT_ONCE"] == "0"
    assert "LookAtJobs" not in stack.role_actions("gateway")


def test_aurora_has_a_stand_in(stack: Stack) -> None:
    (cluster,) = stack.aws("rds").describe_db_clusters()["DBClusters"]
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 4.0}
    assert len(cluster["DBClusterMembers"]) == 2
    assert cluster["StorageEncrypted"]
    assert cluster["BackupRetentionPeriod"] == 14


def test_redis_has_a_stand_in(stack: Stack) -> None:
    (cache,) = stack.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert len(cache["MemberClusters"]) == 2
    assert (cache["AutomaticFailover"], cache["MultiAZ"]) == ("enabled", "enabled")


def test_replay_keeps_its_log_on_a_disk_that_stays(stack: Stack) -> None:
    volume = stack.settings("replay")["MAZEMESH_CLOUD_VOLUME"]
    (found,) = stack.aws("ec2").describe_volumes(VolumeIds=[volume])["Volumes"]
    assert found["Size"] == 60


def test_each_service_writes_to_its_own_bucket(stack: Stack) -> None:
    assert stack.settings("model")["MAZEMESH_MODEL_BLOBS_URL"].startswith(
        "s3://mazemesh-production-models-"
    )
    assert stack.settings("game")["MAZEMESH_GAME_BLOBS_URL"].startswith(
        "s3://mazemesh-production-replays-"
    )
    assert stack.settings("replay")["MAZEMESH_REPLAY_BLOBS_URL"].startswith(
        "s3://mazemesh-production-experience-"
    )
    assert "Blobs" not in stack.role_actions("elo")


def test_matched_players_are_sent_to_the_balancer(stack: Stack) -> None:
    address = stack.settings("matchmaker")["MAZEMESH_PUBLIC_GAME_ADDRESS"]
    assert address == f"{stack.outputs['host']}:50051"


def test_learners_of_several_machines_meet_by_name(stack: Stack) -> None:
    settings = stack.settings("learner")
    assert settings["MAZEMESH_CLOUD_RENDEZVOUS"] == "learner.mazemesh-production.internal:29400"
    assert settings["MAZEMESH_CLOUD_NODES"] == "1:2"
    (policy,) = stack.aws("autoscaling").describe_policies(
        AutoScalingGroupName="mazemesh-production-learner"
    )["ScalingPolicies"]
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == LEARNER_TARGET
    assert ("learner", 1024) in stack.lets_in("learner")


def test_old_replays_move_to_a_cheaper_class(stack: Stack) -> None:
    s3 = stack.aws("s3")
    (bucket,) = [one["Name"] for one in s3.list_buckets()["Buckets"] if "-replays-" in one["Name"]]
    rules = {
        one["ID"]: one for one in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    }
    assert rules["rarely-looked-at"]["Transitions"][0]["StorageClass"] == "STANDARD_IA"


def test_a_second_plan_changes_nothing(stack: Stack) -> None:
    assert stack.unchanged() == []


def test_destroy_leaves_nothing(stack: Stack, aws: Callable[[str], Any]) -> None:
    stack.terraform.destroy()
    assert left(aws) == {}
