"""A notice of a metadata service, real processes that drain, the hook of moto's group."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from mazemesh.errors import Unavailable
from supervisor.cloud.machine.metadata import Metadata
from supervisor.cloud.machine.settings import MachineSettings
from supervisor.cloud.machine.spot import (
    Notice,
    Systemd,
    complete_hook,
    leave,
    look,
    protect,
    tell,
    watch,
)
from tests.servers.cloud.metadata_service import MetadataService, metadata_service

ACTION = json.dumps({"action": "terminate", "time": "2026-11-30T12:00:00Z"})
ADVICE = json.dumps({"noticeTime": "2026-11-30T11:50:00Z"})


@pytest.fixture
def service() -> Iterator[MetadataService]:
    with metadata_service() as running:
        yield running


def test_a_machine_that_stays_hears_nothing(service: MetadataService) -> None:
    assert look(Metadata(service.url)) is None


@pytest.mark.parametrize(
    ("path", "answer", "kind"),
    [
        ("spot/instance-action", ACTION, "spot"),
        ("events/recommendations/rebalance", ADVICE, "rebalance"),
        ("autoscaling/target-lifecycle-state", "Terminated", "scaling"),
    ],
)
def test_each_notice_is_heard(service: MetadataService, path: str, answer: str, kind: str) -> None:
    service.answers[path] = answer
    notice = look(Metadata(service.url))
    assert notice is not None
    assert notice.kind == kind


def test_the_two_minutes_come_before_advice(service: MetadataService) -> None:
    service.answers["spot/instance-action"] = ACTION
    service.answers["events/recommendations/rebalance"] = ADVICE
    notice = look(Metadata(service.url))
    assert notice == Notice("spot", "terminate at 2026-11-30T12:00:00Z")


def test_a_machine_in_service_is_no_notice(service: MetadataService) -> None:
    service.answers["autoscaling/target-lifecycle-state"] = "InService"
    assert look(Metadata(service.url)) is None


def test_a_token_that_ran_out_is_replaced(service: MetadataService) -> None:
    metadata = Metadata(service.url)
    assert metadata.instance_id == "i-0123456789abcdef0"
    service.forget_tokens()
    assert metadata.instance_id == "i-0123456789abcdef0"


def test_an_answer_that_is_no_json_is_none(service: MetadataService) -> None:
    service.answers["spot/instance-action"] = "<html>"
    assert look(Metadata(service.url)) is None


def test_a_service_that_is_away_is_unavailable() -> None:
    with metadata_service() as gone:
        url = gone.url
    with pytest.raises(Unavailable):
        look(Metadata(url))


def test_the_watch_ends_with_the_first_notice(service: MetadataService) -> None:
    heard: list[Notice | None] = []
    stop = threading.Event()
    thread = threading.Thread(target=lambda: heard.append(watch(Metadata(service.url), stop, 0.01)))
    thread.start()
    service.wait_for_looks(9)
    assert not heard
    service.answers["spot/instance-action"] = ACTION
    thread.join(30)
    assert [one.kind for one in heard if one] == ["spot"]


def test_the_watch_ends_with_its_unit(service: MetadataService) -> None:
    stop = threading.Event()
    stop.set()
    assert watch(Metadata(service.url), stop, 0.01) is None


class Ordered:
    """Units that note in which order they are stopped."""

    def __init__(self, in_time: bool = True) -> None:
        self.stopped: list[list[str]] = []
        self._in_time = in_time

    def stop(self, names: Sequence[str], seconds: float) -> bool:
        self.stopped.append(list(names))
        return self._in_time


def test_workers_leave_before_the_services_that_they_hand_over_to() -> None:
    units, completed = Ordered(), []
    settings = MachineSettings(
        units=("mazemesh-service@game", "mazemesh-actor@1", "mazemesh-learner"),
        register={"game": "srv-1"},
    )
    leave(settings, units, lambda: completed.append(True))
    assert units.stopped == [
        ["mazemesh-registration"],
        ["mazemesh-actor@1", "mazemesh-learner"],
        ["mazemesh-service@game"],
    ]
    assert completed == [True]


def test_what_does_not_stop_in_time_holds_up_nothing() -> None:
    completed = []
    settings = MachineSettings(units=("mazemesh-actor@1",))
    leave(settings, Ordered(in_time=False), lambda: completed.append(True))
    assert completed == [True]


def test_a_hook_that_cannot_be_completed_is_no_error() -> None:
    def refused() -> None:
        raise RuntimeError("no network")

    leave(MachineSettings(units=("mazemesh-actor@1",)), Ordered(), refused)


WORKER = """
import pathlib, sys
from mazemesh.process.worker import stop_on_signals
stop = stop_on_signals()
print("works", flush=True)
stop.wait()
pathlib.Path(sys.argv[1]).write_text("handed over")
"""

SYSTEMCTL = """#!/bin/sh
# Stops a unit as systemd does: SIGTERM to its process, and waits for its end.
shift
for unit in "$@"; do
    pid=$(cat "{folder}/$unit.pid") || exit 5
    kill -TERM "$pid"
    while [ ! -e "{folder}/$unit.done" ]; do sleep 0.02; done
done
"""


def test_a_worker_is_told_by_a_signal_and_awaited(tmp_path: Path) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(folder=tmp_path))
    systemctl.chmod(0o755)
    unit = "mazemesh-actor@1"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path / f"{unit}.done")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "works\n"
    (tmp_path / f"{unit}.pid").write_text(str(worker.pid))
    completed = []
    took = leave(
        MachineSettings(units=(unit,)),
        Systemd(str(systemctl)),
        lambda: completed.append((tmp_path / f"{unit}.done").read_text()),
    )
    assert completed == ["handed over"]
    assert worker.wait(30) == 0
    assert took < 90


def test_a_unit_that_hangs_is_left_behind_when_the_time_is_over(tmp_path: Path) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\nexec sleep 60\n")
    systemctl.chmod(0o755)
    assert Systemd(str(systemctl)).stop(["mazemesh-actor@1"], 0.2) is False


def test_the_groups_hook_is_completed(
    aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2, scaling = aws("ec2"), aws("autoscaling")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_launch_template(
        LaunchTemplateName="actors",
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "c7g.xlarge"},
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="mesh-actors",
        LaunchTemplate={"LaunchTemplateName": "actors", "Version": "$Latest"},
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=1,
        VPCZoneIdentifier=subnet,
    )
    scaling.put_lifecycle_hook(
        LifecycleHookName="leave",
        AutoScalingGroupName="mesh-actors",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["mesh-actors"])[
        "AutoScalingGroups"
    ]
    instance = group["Instances"][0]["InstanceId"]
    settings = MachineSettings(group="mesh-actors", hook="leave")
    protect(settings, instance, scaling, protected=True)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["mesh-actors"])[
        "AutoScalingGroups"
    ]
    assert group["Instances"][0]["ProtectedFromScaleIn"]
    protect(settings, instance, scaling, protected=False)

    completed: list[tuple[str, str, str]] = []

    def complete_lifecycle_action(self: Any) -> ActionResult:
        """moto 5.2 has none: a machine of another group is refused as by AWS."""
        if self._get_param("InstanceId") != instance:
            raise NothingWaits
        given = ("LifecycleHookName", "AutoScalingGroupName", "LifecycleActionResult")
        completed.append(tuple(self._get_param(name) for name in given))
        return ActionResult({})

    name = "complete_lifecycle_action"
    monkeypatch.setattr(AutoScalingResponse, name, complete_lifecycle_action, raising=False)
    complete_hook(settings, instance, scaling)
    assert completed == [("leave", "mesh-actors", "CONTINUE")]
    complete_hook(settings, "i-of-no-hook", scaling)
    assert len(completed) == 1


class NothingWaits(ServiceException):
    """As AWS says it before the group has begun to take a machine away."""

    code = "ValidationError"
    message = "No active Lifecycle Action found"


def test_without_a_hook_nothing_is_asked() -> None:
    complete_hook(MachineSettings(), "i-1", None)


def test_a_machine_that_left_is_counted(aws: Callable[[str], Any]) -> None:
    cloudwatch = aws("cloudwatch")
    tell(MachineSettings(name="mesh-d"), Notice("spot", "terminate at ..."), 41.5, cloudwatch)
    now = datetime.now(UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="Mazemesh",
        MetricName="DrainSeconds",
        Dimensions=[{"Name": "Mesh", "Value": "mesh-d"}, {"Name": "Kind", "Value": "spot"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum"],
    )
    assert [one["Sum"] for one in found["Datapoints"]] == [41.5]
