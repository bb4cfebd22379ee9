"""The tours of the documentation site, typed as they stand: in a folder, by a shell.

What a block says of itself is in tests/documented.py. Only where the mesh listens differs from what
a reader has.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block, ports_in_use
from supervisor.running.layout import SERVICES
from tests.documented import TOURS, Block, blocks

STOP_SECONDS = 40
PLAYING_SECONDS = 200.0
COMMAND_SECONDS = 200

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(500)]

TO_RUN = {
    tour: [block for page in pages for block in blocks(page) if not block.run_by]
    for tour, pages in TOURS.items()
}


@pytest.mark.parametrize("tour", [tour for tour, found in TO_RUN.items() if found])
def test_a_tour_works_as_it_stands(tour: str, tmp_path: Path) -> None:
    environment = surroundings()
    with ExitStack() as running:
        started: set[str] = set()
        for block in TO_RUN[tour]:
            if block.package:
                environment = installed(tmp_path / block.package, tmp_path / "site", environment)
            if not block.stays:
                run(block, tmp_path, environment)
            elif block.text not in started:  # the next page of a tour begins with what runs already
                started.add(block.text)
                running.enter_context(up(block, tmp_path, environment))


def surroundings() -> dict[str, str]:
    """A shell in which the environment of the tests is on the PATH, and no mesh is near."""
    base = free_block(10).start
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "MAZEMESH_PORT_BASE": str(base),
        "MAZEMESH_LEARNER_TRACKING": "none",
        PARENT_VARIABLE: str(os.getpid()),
    }


def run(block: Block, folder: Path, environment: Mapping[str, str]) -> None:
    """Runs a block's lines in one shell, which the first line that fails ends."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    told = f"{block.where}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert done.returncode == 0, told
    assert "Traceback" not in done.stderr, told


@contextmanager
def up(block: Block, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A mesh that plays until the end, and is stopped as by Ctrl-C; all its services are there."""
    base = int(environment["MAZEMESH_PORT_BASE"])
    services = range(base, base + len(SERVICES))
    lines: list[str] = []
    plays = threading.Event()

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.rstrip())
            played = " games (" in line and " 0 games" not in line
            if played and len(ports_in_use(services)) == len(services):
                plays.set()

    with subprocess.Popen(
        shlex.split(block.text, comments=True),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            threading.Thread(target=read, daemon=True).start()
            assert plays.wait(PLAYING_SECONDS), (block.where, lines[-20:])
            yield
            process.send_signal(signal.SIGINT)
            assert process.wait(STOP_SECONDS) == 0, (block.where, lines[-20:])
        finally:
            process.kill()


def installed(project: Path, site: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Where a package is found with its entry points, as `pip install` would have it."""
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    made = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    made.mkdir(parents=True)
    named = f"Metadata-Version: 2.4\nName: {about['name']}\nVersion: {about['version']}\n"
    (made / "METADATA").write_text(named)
    points = [
        line
        for group, entries in about["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {at}" for name, at in entries.items()))
    ]
    (made / "entry_points.txt").write_text("\n".join(points) + "\n")
    return {**environment, "PYTHONPATH": os.pathsep.join((str(site), str(project)))}
