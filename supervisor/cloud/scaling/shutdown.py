"""The function on AWS Lambda that stops machines which nobody needs, and starts them again.

Its code is the wheel and its only package boto3, so nothing here imports more than that. Every five
minutes an event says {"action": "look"}; {"action": "start"} comes with a training job or from
`mazemesh cloud start`, {"action": "stop"} from `mazemesh cloud stop`.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from supervisor.cloud.scaling.idleness import Change, Group, Memory, look

_BUSY = ("LearnedSteps", "Asked")
_SLACK_MINUTES = 5
"""CloudWatch shows a figure some minutes late."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """What AWS Lambda calls."""
    import boto3

    of = os.environ
    action = str(event.get("action", "look"))
    if action not in ("look", "start", "stop"):
        raise ValueError(f"action is {action!r} and should be look, start or stop")
    return act(
        action,
        mesh=of["MAZEMESH_CLOUD_NAME"],
        idle_minutes=float(of["MAZEMESH_CLOUD_IDLE_MINUTES"]),
        parameter=of["MAZEMESH_CLOUD_STATE"],
        topic=of["MAZEMESH_CLOUD_TOPIC"],
        now=time.time(),
        clients={name: boto3.client(name) for name in ("autoscaling", "cloudwatch", "ssm", "sns")},
    )


def act(
    action: str,
    *,
    mesh: str,
    idle_minutes: float,
    parameter: str,
    topic: str,
    now: float,
    clients: dict[str, Any],
) -> dict[str, Any]:
    """Looks, changes and tells; what was changed."""
    groups = read_groups(mesh, clients["autoscaling"])
    text = clients["ssm"].get_parameter(Name=parameter)["Parameter"]["Value"]
    busy = idle_minutes > 0 and is_busy(mesh, idle_minutes, now, clients["cloudwatch"])
    changes, memory = look(
        groups,
        Memory.from_json(json.loads(text)),
        now=now,
        month=datetime.fromtimestamp(now, UTC).strftime("%Y-%m"),
        busy=busy,
        idle_minutes=idle_minutes,
        start=action == "start",
        stop=action == "stop",
    )
    # First remembered, then done: who dies in between stops it again, with the sizes from before.
    value = json.dumps(memory.to_json())
    clients["ssm"].put_parameter(Name=parameter, Value=value, Type="String", Overwrite=True)
    for change in changes:
        clients["autoscaling"].update_auto_scaling_group(
            AutoScalingGroupName=change.group,
            MinSize=change.least,
            DesiredCapacity=change.desired,
        )
    if changes:
        clients["sns"].publish(
            TopicArn=topic, Subject=f"{mesh}: machines"[:100], Message=_message(changes)
        )
    return {
        "busy": busy,
        "changes": [
            {"group": one.group, "desired": one.desired, "reason": one.reason} for one in changes
        ],
    }


def read_groups(mesh: str, autoscaling: Any) -> list[Group]:
    """All groups of a mesh."""
    pages = autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
        Filters=[{"Name": "tag:mazemesh:mesh", "Values": [mesh]}]
    )
    return [_group(one) for page in pages for one in page["AutoScalingGroups"]]


def _group(described: dict[str, Any]) -> Group:
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
    limit = tags.get("mazemesh:monthly-hours")
    return Group(
        described["AutoScalingGroupName"],
        described["MinSize"],
        described["MaxSize"],
        described["DesiredCapacity"],
        len(described.get("Instances", [])),
        tags.get("mazemesh:idle", "keep"),
        float(limit) if limit else None,
    )


def is_busy(mesh: str, minutes: float, now: float, cloudwatch: Any) -> bool:
    """Whether something was learned or asked within the last `minutes`."""
    until = datetime.fromtimestamp(now, UTC)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": name.lower(),
                "MetricStat": {
                    "Metric": {
                        "Namespace": "Mazemesh",
                        "MetricName": name,
                        "Dimensions": [{"Name": "Mesh", "Value": mesh}],
                    },
                    "Period": 300,
                    "Stat": "Sum",
                },
            }
            for name in _BUSY
        ],
        StartTime=until - timedelta(minutes=minutes + _SLACK_MINUTES),
        EndTime=until,
    )
    return any(sum(one["Values"]) > 0 for one in answer["MetricDataResults"])


def _message(changes: list[Change]) -> str:
    return "\n".join(
        f"{one.group}: {'stopped' if one.desired == 0 else f'{one.desired} machines'}, "
        f"since {one.reason}"
        for one in changes
    )
