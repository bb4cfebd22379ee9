"""`python -m supervisor.cloud.machine.cost`: what each process's share of this machine costs.

A group takes what is to be had of several types, on spot or on demand, so that only the machine
knows what it is: EC2 by its metadata service, a task of Fargate by that of ECS. The price is that
of `price_table`, shared equally by the processes of the mesh, and is written to cost.env under
/run/mazemesh, from which units and containers have `MAZEMESH_DOLLARS_AN_HOUR`.
"""

from __future__ import annotations

import json
import os
import sys
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import structlog

from mazemesh.errors import MazemeshError, NotFound, Unavailable
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from supervisor.cloud.machine.metadata import Metadata
from supervisor.cloud.machine.secrets import lay_down
from supervisor.cloud.machine.settings import MachineSettings
from supervisor.cloud.operating.price_table import (
    FARGATE_CPU,
    FARGATE_GIB,
    MACHINES,
)

log = structlog.get_logger("cloud.cost")

FILE: Final = "cost.env"
TASK_VARIABLE: Final = "ECS_CONTAINER_METADATA_URI_V4"
"""That ECS sets in each container."""

_SPOT: Final = "spot"
_TIMEOUT: Final = 2.0
_MOST_BYTES: Final = 262_144


class Texts(Protocol):
    """What a machine tells of itself (`metadata.Metadata`)."""

    def text(self, path: str) -> str | None:
        """The answer at a path; None where there is none."""
        ...


def of_machine(metadata: Texts) -> float:
    """US dollars an hour of this machine: usual spot price, or on demand.

    Raises:
        NotFound: the table has no such machine.
        Unavailable: the metadata service does not answer.
    """
    kind = metadata.text("instance-type") or ""
    if kind not in MACHINES:
        raise NotFound(
            f"machines of type {kind!r} have no price; add it to "
            "supervisor/cloud/operating/price_table.py"
        )
    on_demand, spot = MACHINES[kind]
    return spot if metadata.text("instance-life-cycle") == _SPOT else on_demand


def of_task(uri: str) -> float:
    """US dollars an hour of this task of Fargate, by its limits.

    Raises:
        Unavailable: ECS' metadata does not answer, or tells no limits.
    """
    parts = urlsplit(uri)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT)
    try:
        connection.request("GET", f"{parts.path}/task")
        told: Any = json.loads(connection.getresponse().read(_MOST_BYTES))
        cores, mebibytes = float(told["Limits"]["CPU"]), float(told["Limits"]["Memory"])
    except (HTTPException, OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"ECS does not tell the task's limits: {error!r}") from error
    finally:
        connection.close()
    return cores * FARGATE_CPU + mebibytes / 1024 * FARGATE_GIB


def share(dollars: float, units: tuple[str, ...]) -> float:
    """Of one process of the mesh; who has no units is alone."""
    return dollars / max(len(units), 1)


def main() -> None:
    """Writes it down; a price that is not known ends with 1, and nobody waits for it."""
    configure_logging("cloud", "auto", "info")
    try:
        settings = MachineSettings.from_environment()
        uri = os.environ.get(TASK_VARIABLE, "")
        whole = of_task(uri) if uri else of_machine(Metadata())
        each = share(whole, settings.units)
        lay_down(settings.run_folder, {FILE: f"MAZEMESH_DOLLARS_AN_HOUR={each:.6f}\n"})
        log.info("knows what it costs", dollars_an_hour=whole, processes=len(settings.units))
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    except MazemeshError as error:
        log.warning("does not know what it costs", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
