"""`python -m supervisor.cloud.machine.claims`: the disk and the address that outlive the machine.

A group of one machine keeps its SQLite files and Replay's log on a volume of its own and is known
by a fixed address. A new machine takes both over when it starts, which may be before the one that
it replaces has let go.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from mazemesh.errors import MazemeshError, Unavailable
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from supervisor.cloud.aws import client, error_code
from supervisor.cloud.machine.metadata import Metadata
from supervisor.cloud.machine.settings import MachineSettings

log = structlog.get_logger("cloud.claims")

WAIT_SECONDS: Final = 600.0
"""For the machine before to let go of the disk."""

_PAUSE: Final = 3.0
_DEVICE: Final = "/dev/sdf"
_BY_ID: Final = Path("/dev/disk/by-id")


def attach(
    volume: str,
    instance: str,
    ec2: Any,
    *,
    wait_seconds: float = WAIT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Attaches a volume to this machine, as soon as no other one has it.

    Raises:
        StartError: another machine keeps it for `wait_seconds`.
    """
    waited = 0.0
    while True:
        holders = [one["InstanceId"] for one in _volume(volume, ec2)["Attachments"]]
        if instance in holders:
            return
        if not holders:
            try:
                ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device=_DEVICE)
            except Exception as error:
                # Somebody was quicker, or the look was old: look again.
                if error_code(error) not in ("VolumeInUse", "IncorrectState"):
                    raise
            continue
        if waited >= wait_seconds:
            raise StartError(
                f"the disk {volume} is attached to {', '.join(holders)}, which has kept it for "
                f"{wait_seconds:g} s; terminate that machine if it hangs"
            )
        pause(_PAUSE)
        waited += _PAUSE


def take_address(allocation: str, instance: str, ec2: Any) -> None:
    """Takes the fixed address, from whoever had it."""
    ec2.associate_address(AllocationId=allocation, InstanceId=instance, AllowReassociation=True)


def device_of(volume: str, folder: Path = _BY_ID) -> Path:
    """The device that a volume appears as, on machines of the Nitro kind."""
    return folder / f"nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def mount(device: Path, at: Path, *, wait_seconds: float = 60.0) -> None:
    """Mounts a device, with a file system made where there is none; root only.

    Raises:
        StartError: the device does not appear, or cannot be mounted.
    """
    deadline = time.monotonic() + wait_seconds
    while not device.exists():
        if time.monotonic() > deadline:
            raise StartError(f"{device} has not appeared within {wait_seconds:g} s")
        time.sleep(0.5)
    at.mkdir(parents=True, exist_ok=True)
    if at.is_mount():
        return
    # blkid says 2 where there is nothing that it knows; anything else is left as it is.
    probe = _run("blkid", "-p", str(device))
    if probe == 2:
        _must("mkfs.ext4", "-q", "-m", "0", str(device))
    elif probe != 0:
        raise StartError(f"blkid ended with {probe} on {device}, which is left as it is")
    _must("mount", "-o", "noatime,nosuid,nodev", str(device), str(at))


def _volume(volume: str, ec2: Any) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    return found


def _run(*command: str) -> int:
    return subprocess.run(command, check=False, timeout=120).returncode  # noqa: S603


def _must(*command: str) -> None:
    code = _run(*command)
    if code != 0:
        raise StartError(f"{' '.join(command)} ended with {code}")


def main() -> None:
    """Claims what the settings name."""
    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
        if not settings.volume and not settings.address:
            return
        instance = Metadata().instance_id
        if not instance:
            raise Unavailable("the metadata service tells no instance id")
        ec2 = client("ec2")
        if settings.address:
            take_address(settings.address, instance, ec2)
            log.info("has its address", allocation=settings.address)
        if settings.volume:
            attach(settings.volume, instance, ec2)
            mount(device_of(settings.volume), settings.data_dir)
            log.info("has its disk", volume=settings.volume, at=str(settings.data_dir))
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    except MazemeshError as error:
        log.error("cannot start: %s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
