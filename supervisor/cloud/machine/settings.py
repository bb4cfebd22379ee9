"""What user data told this machine: /etc/mazemesh/mesh.env, as the units' environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mazemesh.process.errors import StartError

PREFIX: Final = "MAZEMESH_CLOUD_"
RUN_FOLDER: Final = Path("/run/mazemesh")
"""Of what is secret: memory of the machine, gone with it."""


@dataclass(frozen=True)
class MachineSettings:
    """What the machine is part of, and what it may claim.

    Attributes:
        name: Of the mesh, e.g. mazemesh-hobby.
        group: Of the auto scaling group.
        hook: Lifecycle hook that is completed when the machine has left; empty is none.
        drain_seconds: How long leaving may take.
        units: Units of systemd that it runs.
        secrets: ARN by name: tls, admin-key, worker-key, trainer-key, viewer-key, service-key,
            database, cookie.
        database: host:port/name of PostgreSQL; empty is SQLite.
        register: Cloud Map service id by role.
        volume: EBS volume that outlives the machine; empty is none.
        address: Allocation of a fixed address; empty is none.
        checkpoints: s3:// prefix that the learner's checkpoints go to; empty is none.
        run_folder: Where secrets are laid down.
        data_dir: Of the mesh.
    """

    name: str = ""
    group: str = ""
    hook: str = ""
    drain_seconds: float = 90.0
    units: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    register: Mapping[str, str] = field(default_factory=dict)
    volume: str = ""
    address: str = ""
    checkpoints: str = ""
    run_folder: Path = RUN_FOLDER
    data_dir: Path = Path("/var/lib/mazemesh")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> MachineSettings:
        """From MAZEMESH_CLOUD_*; what is empty counts as not set.

        Raises:
            StartError: (exit code 2) a value is wrong; names it and what would be right.
        """
        of = os.environ if environment is None else environment

        def text(name: str, default: str = "") -> str:
            return of.get(PREFIX + name, "").strip() or default

        return cls(
            name=text("NAME"),
            group=text("GROUP"),
            hook=text("HOOK"),
            drain_seconds=_seconds("DRAIN", text("DRAIN", "90")),
            units=tuple(filter(None, text("UNITS").split(","))),
            secrets=_pairs("SECRETS", text("SECRETS")),
            database=text("DATABASE"),
            register=_pairs("REGISTER", text("REGISTER")),
            volume=text("VOLUME"),
            address=text("ADDRESS"),
            checkpoints=text("CHECKPOINTS"),
            run_folder=Path(text("RUN_FOLDER", str(RUN_FOLDER))),
            data_dir=Path(of.get("MAZEMESH_DATA_DIR") or "/var/lib/mazemesh"),
        )


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 1 <= value <= 3600:
        raise StartError(
            f"{PREFIX}{name} is {text!r} and should be seconds from 1 to 3600", exit_code=2
        )
    return value


def _pairs(name: str, text: str) -> dict[str, str]:
    """`a=x,b=y`; a value may have further equals signs."""
    pairs = {}
    for one in filter(None, text.split(",")):
        key, equals, value = one.partition("=")
        if not (key and equals and value):
            raise StartError(f"{PREFIX}{name} has {one!r}, which should be NAME=VALUE", exit_code=2)
        pairs[key] = value
    return pairs
