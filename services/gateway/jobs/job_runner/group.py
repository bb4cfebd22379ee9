"""A job that has ended leaves no machine behind, also where no gateway looks."""

from __future__ import annotations

from typing import Any


def shrink(group: str, client: Any = None) -> None:
    """Makes an Auto Scaling group empty: its machines are stopped, and none takes their place."""
    autoscaling = client or _client()
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=0, DesiredCapacity=0)


def _client() -> Any:
    import boto3
    from botocore.config import Config

    deadlines = Config(connect_timeout=5.0, read_timeout=20.0, retries={"mode": "standard"})
    return boto3.client("autoscaling", config=deadlines)
