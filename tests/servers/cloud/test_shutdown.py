"""The function of AWS Lambda, called as Lambda calls it, against moto."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from supervisor.cloud.scaling.shutdown import act, handler, is_busy, read_groups

Aws = Callable[[str], Any]
NOW = time.time()


@pytest.fixture(scope="module")
def count() -> list[int]:
    return [0]


@pytest.fixture
def mesh(aws: Aws, count: list[int], monkeypatch: pytest.MonkeyPatch) -> str:
    """A mesh of two groups, one of which may rest."""
    count[0] += 1
    name = f"mesh-{count[0]}"
    ec2, scaling = aws("ec2"), aws("autoscaling")
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "c7g.xlarge"},
    )
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    for group, idle, size in (("actors", "stop", 2), ("services", "keep", 1)):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=f"{name}-{group}",
            LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
            MinSize=0,
            MaxSize=4,
            DesiredCapacity=size,
            VPCZoneIdentifier=subnet,
            Tags=[
                {"Key": "mazemesh:mesh", "Value": name, "PropagateAtLaunch": True},
                {"Key": "mazemesh:idle", "Value": idle, "PropagateAtLaunch": True},
            ],
        )
    aws("ssm").put_parameter(Name=f"/{name}/shutdown", Value="{}", Type="String")
    topic = aws("sns").create_topic(Name=name)["TopicArn"]
    for key, value in {
        "NAME": name,
        "IDLE_MINUTES": "60",
        "STATE": f"/{name}/shutdown",
        "TOPIC": topic,
    }.items():
        monkeypatch.setenv(f"MAZEMESH_CLOUD_{key}", value)
    return name


def sizes(aws: Aws, mesh: str) -> dict[str, int]:
    return {
        group.name.removeprefix(f"{mesh}-"): group.desired
        for group in read_groups(mesh, aws("autoscaling"))
    }


def at(aws: Aws, mesh: str, minutes: float, action: str = "look") -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = act(
        action,
        mesh=mesh,
        idle_minutes=60.0,
        parameter=f"/{mesh}/shutdown",
        topic=aws("sns").create_topic(Name=mesh)["TopicArn"],
        now=NOW + 60 * minutes,
        clients={name: aws(name) for name in ("autoscaling", "cloudwatch", "ssm", "sns")},
    )["changes"]
    return changes


def test_it_is_called_as_lambda_calls_it(aws: Aws, mesh: str) -> None:
    assert handler({"action": "look"}, None) == {"busy": False, "changes": []}
    stopped = handler({"action": "stop"}, None)["changes"]
    assert [one["group"] for one in stopped] == [f"{mesh}-actors"]
    assert sizes(aws, mesh) == {"actors": 0, "services": 1}
    begun = handler({"action": "start"}, None)["changes"]
    assert [(one["group"], one["desired"]) for one in begun] == [(f"{mesh}-actors", 2)]
    assert sizes(aws, mesh) == {"actors": 2, "services": 1}


def test_an_hour_without_anybody_stops_what_may_rest(aws: Aws, mesh: str) -> None:
    assert at(aws, mesh, 0) == []
    assert at(aws, mesh, 55) == []
    assert [one["reason"] for one in at(aws, mesh, 61)] == ["nothing was learned or asked"]
    assert sizes(aws, mesh) == {"actors": 0, "services": 1}
    assert at(aws, mesh, 66) == []


def test_what_was_learned_keeps_it(aws: Aws, mesh: str) -> None:
    at(aws, mesh, 0)
    put(aws, mesh, "LearnedSteps", 5_000, minutes=58)
    assert is_busy(mesh, 60, NOW + 60 * 61, aws("cloudwatch"))
    assert at(aws, mesh, 61) == []
    assert not is_busy(mesh, 60, NOW + 60 * 300, aws("cloudwatch"))


def test_a_call_wakes_it(aws: Aws, mesh: str) -> None:
    at(aws, mesh, 0)
    at(aws, mesh, 61)
    put(aws, mesh, "Asked", 1, minutes=70)
    assert [one["desired"] for one in at(aws, mesh, 71)] == [2]


def test_hours_that_are_used_up_stop_a_group_that_is_busy(aws: Aws, mesh: str) -> None:
    aws("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": f"{mesh}-actors",
                "ResourceType": "auto-scaling-group",
                "Key": "mazemesh:monthly-hours",
                "Value": "0.1",
                "PropagateAtLaunch": True,
            }
        ]
    )
    put(aws, mesh, "LearnedSteps", 5_000, minutes=0)
    assert at(aws, mesh, 0) == []
    assert [one["reason"] for one in at(aws, mesh, 5)] == [
        "its 0.1 machine hours of the month are used up"
    ]
    memory = json.loads(aws("ssm").get_parameter(Name=f"/{mesh}/shutdown")["Parameter"]["Value"])
    assert memory["hours"][f"{mesh}-actors"] == pytest.approx(2 * 5 / 60, abs=0.01)


def test_an_unknown_action_is_named(aws: Aws, mesh: str) -> None:
    with pytest.raises(ValueError, match="look, start or stop"):
        handler({"action": "explode"}, None)


def test_it_needs_boto3_alone() -> None:
    program = (
        "import sys\n"
        "import supervisor.cloud.scaling.shutdown\n"
        "print([n for n in sys.modules if n.split('.')[0] in "
        "('mazemesh', 'numpy', 'grpc', 'pydantic', 'structlog', 'services')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def put(aws: Aws, mesh: str, name: str, value: float, minutes: float) -> None:
    aws("cloudwatch").put_metric_data(
        Namespace="Mazemesh",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": "Mesh", "Value": mesh}],
                "Value": value,
                "Timestamp": datetime.fromtimestamp(NOW + 60 * minutes, UTC),
            }
        ],
    )
