"""`mazemesh doctor`: whether a mesh would start here, and what to do where it would not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Json, PortBase
from mazemesh.cli.output import print_json

if TYPE_CHECKING:
    from supervisor.checkup.finding import Finding

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(
    game: Annotated[str, typer.Option(help="The game that is to be played.")] = "race",
    data_dir: DataDir = DATA_DIR,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Check whether a mesh would start here: versions, modules, disk, ports, caches, GPU.

    Exit status 1 when something prevents a start; each finding says what mends it.
    """
    findings = []
    for finding in _all(game, data_dir.expanduser().absolute(), host, port_base):
        findings.append(finding)
        if not json:
            sys.stdout.write(_line(finding))
            sys.stdout.flush()
    failed = any(one.verdict == "fail" for one in findings)
    if json:
        print_json({"passed": not failed, "findings": [asdict(one) for one in findings]})
    if failed:
        raise typer.Exit(1)


def _all(game: str, folder: Path, host: str, port_base: int | None) -> Iterator[Finding]:
    from mazemesh.client.addresses import port_base_of_environment
    from mazemesh.errors import MazemeshError
    from supervisor.checkup import installation, machine
    from supervisor.checkup.finding import Finding

    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "packages": installation.versions,
        "modules": installation.modules,
        "machine code": lambda: installation.caches(game),
        "settings": lambda: installation.settings(os.environ),
        "data folder": lambda: machine.data_folder(folder),
        "ports": lambda: machine.ports(folder, host, port_base or port_base_of_environment()),
        "proxy": lambda: machine.proxies(os.environ),
        "processor and memory": machine.processor_and_memory,
        "GPU": lambda: machine.gpus(installation.installed("torch")),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except MazemeshError as error:
            yield Finding(name, "fail", str(error), "correct the value, or unset it")
        except Exception as error:  # what is broken so far that it cannot be looked at
            detail = f"{type(error).__name__}: {error}"
            yield Finding(name, "fail", detail, "mend the findings above first")


def _line(finding: Finding) -> str:
    mend = f"\n      -> {finding.mend}" if finding.mend else ""
    return f"{_MARKS[finding.verdict]}  {finding.check}: {finding.detail}{mend}\n"
