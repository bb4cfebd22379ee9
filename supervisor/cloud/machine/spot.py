"""`python -m supervisor.cloud.machine.spot`: leaves in order when the machine is to be taken away.

It looks at the metadata service every two seconds for a spot notice (two minutes ahead), advice to
rebalance (earlier, and not always) and the state that auto scaling wants (whatever takes the
machine away: a smaller group, a new release). At the first of them the workers are told to stop, by
systemd, which gives each SIGTERM and its drain: actors hand over rows and give their sessions
back, evaluators their leases, a learner writes a checkpoint. Then services drain. When all have
left, or the time for it is over, the lifecycle hook is completed and AWS takes the machine.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from mazemesh.errors import Unavailable
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.worker import stop_on_signals
from supervisor.cloud.aws import client
from supervisor.cloud.machine.metadata import Metadata
from supervisor.cloud.machine.settings import MachineSettings
from supervisor.cloud.scaling.load import NAMESPACE

log = structlog.get_logger("cloud.spot")

LOOK_SECONDS: Final = 2.0
REGISTRATION: Final = "mazemesh-registration"
_WORKERS: Final = ("mazemesh-actor", "mazemesh-evaluator", "mazemesh-learner")


@dataclass(frozen=True)
class Notice:
    """Why the machine has to leave: spot, rebalance or scaling, and what AWS said of it."""

    kind: str
    detail: str


class Units(Protocol):
    """What is told to stop."""

    def stop(self, names: Sequence[str], seconds: float) -> bool:
        """Stops units together; whether all have stopped within `seconds`."""
        ...


class Systemd:
    """Units of this machine's systemd."""

    def __init__(self, systemctl: str = "systemctl") -> None:
        self._systemctl = systemctl

    def stop(self, names: Sequence[str], seconds: float) -> bool:
        """See `Units.stop`."""
        if not names:
            return True
        try:
            done = subprocess.run(  # noqa: S603
                [self._systemctl, "stop", *names], check=False, timeout=max(seconds, 0.1)
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def look(metadata: Metadata) -> Notice | None:
    """What the metadata service says now; None while the machine stays.

    Raises:
        Unavailable: the service does not answer.
    """
    action = metadata.json("spot/instance-action")
    if action is not None:
        return Notice("spot", f"{action.get('action', '?')} at {action.get('time', '?')}")
    if metadata.text("autoscaling/target-lifecycle-state") == "Terminated":
        return Notice("scaling", "the group takes this machine away")
    advice = metadata.json("events/recommendations/rebalance")
    if advice is not None:
        return Notice("rebalance", f"advised at {advice.get('noticeTime', '?')}")
    return None


def watch(
    metadata: Metadata, stop: threading.Event, seconds: float = LOOK_SECONDS
) -> Notice | None:
    """The first notice; None when `stop` is set before there is one."""
    silent = False
    while not stop.is_set():
        try:
            notice = look(metadata)
            silent = False
        except Unavailable as error:
            notice = None
            if not silent:
                log.warning("looks again", reason=str(error))
            silent = True
        if notice is not None:
            return notice
        stop.wait(seconds)
    return None


def leave(
    settings: MachineSettings,
    units: Units,
    complete: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Stops what runs here, workers first, and completes the hook; the seconds that it took."""
    began = clock()

    def left() -> float:
        return settings.drain_seconds - (clock() - began)

    workers = [one for one in settings.units if one.split("@")[0] in _WORKERS]
    rest = [one for one in settings.units if one not in workers]
    steps = [
        # Nobody new is sent here while those who are here finish.
        [REGISTRATION] if settings.register else [],
        workers,
        rest,
    ]
    for step in steps:
        if step and not units.stop(step, left()):
            log.error("has not stopped in time", units=step)
    took = clock() - began
    log.info("has left", seconds=round(took, 1))
    try:
        complete()
    except Exception as error:  # AWS takes the machine all the same, when the hook runs out
        log.error("the hook is not completed", reason=str(error), kind=type(error).__name__)
    return took


def complete_hook(settings: MachineSettings, instance: str, scaling: Any) -> None:
    """Tells auto scaling that it need not wait; without a hook, or before it waits, nothing.

    A spot notice comes before the group has begun to take the machine away; then the hook begins
    only later, so that there is nothing to complete, and the group goes on by its default.
    """
    from supervisor.cloud.aws import error_code

    if not settings.hook:
        return
    try:
        scaling.complete_lifecycle_action(
            LifecycleHookName=settings.hook,
            AutoScalingGroupName=settings.group,
            InstanceId=instance,
            LifecycleActionResult="CONTINUE",
        )
    except Exception as error:
        if error_code(error) != "ValidationError":
            raise
        log.info("no hook waits", reason=str(error))


def tell(settings: MachineSettings, notice: Notice, took: float, cloudwatch: Any) -> None:
    """Counts a machine that has left, and how long that took: no page lives to tell it."""
    dimensions = [
        {"Name": "Mesh", "Value": settings.name},
        {"Name": "Kind", "Value": notice.kind},
    ]
    cloudwatch.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {"MetricName": "Drains", "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"},
            {"MetricName": "DrainSeconds", "Dimensions": dimensions, "Value": took},
        ],
    )


def protect(settings: MachineSettings, instance: str, scaling: Any, *, protected: bool) -> None:
    """Keeps the group from taking this machine for a smaller size, or lets it."""
    scaling.set_instance_protection(
        InstanceIds=[instance],
        AutoScalingGroupName=settings.group,
        ProtectedFromScaleIn=protected,
    )


def main() -> None:
    """Watches until the machine leaves, or the unit is stopped."""
    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    metadata, stop = Metadata(), stop_on_signals()
    notice = watch(metadata, stop)
    if notice is None:
        return
    log.warning("leaves", kind=notice.kind, detail=notice.detail)
    instance = metadata.instance_id
    scaling = client("autoscaling")
    took = leave(settings, Systemd(), lambda: complete_hook(settings, instance, scaling))
    try:
        tell(settings, notice, took, client("cloudwatch"))
    except Exception as error:  # the machine goes in any case
        log.warning("is not told", reason=str(error), kind=type(error).__name__)


if __name__ == "__main__":
    main()
