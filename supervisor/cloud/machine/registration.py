"""`python -m supervisor.cloud.machine.registration`: this machine's names in the private zone.

It enters the machine's address at each of its services when it starts, and takes it away when it
is stopped, before the services drain: clients then find the others within the record's ten seconds.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

import structlog

from mazemesh.errors import MazemeshError
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.worker import stop_on_signals
from supervisor.cloud.aws import client, error_code
from supervisor.cloud.machine.metadata import Metadata
from supervisor.cloud.machine.settings import MachineSettings

log = structlog.get_logger("cloud.registration")


def register(settings: MachineSettings, instance: str, address: str, discovery: Any) -> None:
    """Enters `address` at all services; doing it twice changes nothing."""
    for service in settings.register.values():
        discovery.register_instance(
            ServiceId=service,
            InstanceId=instance,
            Attributes={"AWS_INSTANCE_IPV4": address},
            CreatorRequestId=uuid.uuid4().hex,
        )


def deregister(settings: MachineSettings, instance: str, discovery: Any) -> None:
    """Takes it away again; what is not there stays so."""
    for service in settings.register.values():
        try:
            discovery.deregister_instance(ServiceId=service, InstanceId=instance)
        except Exception as error:
            if error_code(error) not in ("InstanceNotFound", "ResourceInUse"):
                raise


def main() -> None:
    """Is registered until the unit is stopped."""
    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
        if not settings.register:
            return
        metadata, stop = Metadata(), stop_on_signals()
        instance, discovery = metadata.instance_id, client("servicediscovery")
        register(settings, instance, metadata.local_address, discovery)
        log.info("is registered", roles=sorted(settings.register))
        stop.wait()
        deregister(settings, instance, discovery)
        log.info("is no longer registered")
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    except MazemeshError as error:
        log.error("stopped by an error", reason=str(error), kind=type(error).__name__)
        sys.exit(1)


if __name__ == "__main__":
    main()
