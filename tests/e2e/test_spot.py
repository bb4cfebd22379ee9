"""A spot notice while a mesh runs: a real actor, the real watcher, a metadata service of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import Up, up
from tests.servers.cloud.metadata_service import metadata_service

pytestmark = pytest.mark.timeout(300)

UNIT = "mazemesh-actor@1"
SYSTEMCTL = """#!/bin/sh
# Stops a unit as systemd does: SIGTERM to its process, and waits for its end.
shift
for unit in "$@"; do
    pid=$(cat "{folder}/$unit.pid") || exit 5
    kill -TERM "$pid"
    while [ -d "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.05; done
done
"""


def rows(mesh: Up) -> int:
    return sum(info.inserts for info in mesh.mesh.replay.list_tables())


def acknowledged(log: Path) -> int:
    """What the actor says at its end."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    event = "rows written when stopping"
    (last,) = [line["all_rows"] for line in lines if line.get("event") == event]
    return int(last)


@pytest.fixture
def systemctl(tmp_path: Path) -> Iterator[Path]:
    tool = tmp_path / "bin" / "systemctl"
    tool.parent.mkdir()
    tool.write_text(SYSTEMCTL.format(folder=tmp_path))
    tool.chmod(0o755)
    return tool


def test_an_actor_leaves_within_the_notice_and_loses_nothing(
    tmp_path: Path, systemctl: Path
) -> None:
    data_dir, base = tmp_path / "mesh", free_block(len(SERVICES)).start
    with (
        up(data_dir, base, "--actors", "0", "--evaluators", "0") as mesh,
        metadata_service() as machine,
    ):
        environment = {
            **os.environ,
            PARENT_VARIABLE: str(os.getpid()),
            **{
                f"MAZEMESH_{name.upper()}_ADDRESS": f"127.0.0.1:{base + index}"
                for index, name in enumerate(SERVICES)
            },
            "MAZEMESH_LOG_FORMAT": "json",
            "MAZEMESH_ACTOR_DRAIN_SECONDS": "60",
        }
        log = tmp_path / "actor.log"
        with log.open("w") as output:
            actor = subprocess.Popen(
                [sys.executable, "-P", "-m", "actor", "play", "--policy", "race", "--games", "64"],
                env=environment,
                stderr=output,
                stdout=output,
            )
        watcher: subprocess.Popen[str] | None = None
        try:
            (tmp_path / f"{UNIT}.pid").write_text(str(actor.pid))
            watcher = subprocess.Popen(
                [sys.executable, "-P", "-m", "supervisor.cloud.machine.spot"],
                env={
                    **environment,
                    "PATH": f"{systemctl.parent}:{os.environ['PATH']}",
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.url,
                    "AWS_DEFAULT_REGION": "us-east-1",
                    "MAZEMESH_CLOUD_UNITS": UNIT,
                    "MAZEMESH_CLOUD_DRAIN": "90",
                },
                stderr=subprocess.PIPE,
                text=True,
            )
            mesh.until(lambda: actor.poll() is not None or rows(mesh) > 2_000, 200)
            assert actor.poll() is None
            assert watcher.poll() is None, "no notice, no leaving"
            began = time.monotonic()
            machine.answers["spot/instance-action"] = json.dumps(
                {"action": "terminate", "time": "2026-11-30T12:00:00Z"}
            )
            _, said = watcher.communicate(timeout=100)
            assert watcher.returncode == 0, said
            assert time.monotonic() - began < 90
            assert actor.wait(10) == 0
            assert '"kind": "spot"' in said
            stored = rows(mesh)
            assert stored == acknowledged(log), "what was acknowledged is there, once"
        finally:
            for process in filter(None, (actor, watcher)):
                process.kill()
                process.wait()
            sys.stdout.write(log.read_text()[-4000:])  # of a failure's report
