"""Services of a mesh that does not run, for as long as one command needs them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mazemesh.cli.claim import claimed
from mazemesh.cli.games.own_games import foreign_games
from mazemesh.cli.health import serving
from mazemesh.client.addresses import Addresses
from mazemesh.errors import Unavailable
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES, MeshPlan, ProcessSpec, lay_out

_START_SECONDS = 60.0
_STOP_SECONDS = 8.0
_LOOK_SECONDS = 0.1
_HOST = "127.0.0.1"
_DATA = {"replay": "replay"}
"""What a service keeps in the folder where that is no database of its name."""


def holds_a_stopped_mesh(data_dir: Path, names: Collection[str]) -> bool:
    """Whether the folder has data of these services, and none of them answers where it should.

    Somebody who names addresses in the environment means those and not the folder.
    """
    if any(f"MAZEMESH_{name.upper()}_ADDRESS" in os.environ for name in names):
        return False
    if not all((data_dir / _DATA.get(name, f"{name}.sqlite")).exists() for name in names):
        return False
    addresses = Addresses.from_environment()
    return all(serving(getattr(addresses, name)) == "unreachable" for name in names)


@contextmanager
def started_if_stopped(
    data_dir: Path, names: Collection[str], games: Iterable[str] = ()
) -> Iterator[tuple[str | None, int | None]]:
    """Host and port base of services that are `started` when the folder holds a stopped mesh.

    Both are None when it holds none: whoever answers at the usual addresses is meant then.
    """
    if not holds_a_stopped_mesh(data_dir, names):
        yield None, None
        return
    with started(data_dir, names, games) as place:
        yield place


@contextmanager
def started(
    data_dir: Path, names: Collection[str], games: Iterable[str] = ()
) -> Iterator[tuple[str, int]]:
    """Runs these services on the folder; host and port base of the mesh that they are of.

    They play foreign games that the folder's runs were started on, and those of `games`.

    Raises:
        Conflict: somebody else uses the folder.
        Unavailable: a service did not come up; the message names its log.
    """
    with claimed(data_dir), ExitStack() as running:
        base = free_block(len(SERVICES)).start
        foreign = foreign_games(data_dir, games)
        plan = MeshPlan(
            *(data_dir, _HOST, base, "", "", ""), actors=0, evaluators=0, foreign_games=foreign
        )
        layout = lay_out(plan)
        logs = data_dir / "logs"
        logs.mkdir(exist_ok=True)
        processes = [
            (spec, running.enter_context(_process(spec, layout.environment, _log(logs, spec))))
            for spec in layout.services
            if spec.name in names
        ]
        for spec, process in processes:
            _await_service(spec, process, _log(logs, spec))
        yield plan.host, plan.port_base


@contextmanager
def _process(
    spec: ProcessSpec, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command
            spec.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,  # Ctrl-C ends the command, and the command ends this
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log(folder: Path, spec: ProcessSpec) -> Path:
    return folder / f"{spec.name}.log"


def _await_service(spec: ProcessSpec, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while serving(spec.address) != "serving":
        try:
            status = process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
            status = None
        how = f"did not answer within {_START_SECONDS:g} s" if status is None else "ended"
        raise Unavailable(f"the {spec.name} service {how}; see {log}")
