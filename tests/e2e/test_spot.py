"""A spot notice while a mesh on PostgreSQL and S3 runs: real workers, the real watcher.

The machine that AWS takes away has an actor and an evaluator. AWS is a metadata service of ours and
moto, which also has the group with its hook.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from bench.cluster.standins import Postgres, postgres
from mazemesh.process.parent import PARENT_VARIABLE
from mazemesh.process.ports import free_block
from supervisor.running.layout import SERVICES
from tests.e2e.running_mesh import Up, up
from tests.s3_server import S3Server, s3_server
from tests.servers.cloud.metadata_service import MetadataService, metadata_service

pytestmark = [pytest.mark.timeout(400), pytest.mark.e2e]

NAME, GROUP = "mesh-on-spot", "mesh-on-spot-actors"
"""moto has one account for all servers of a process, so also those of other tests."""

ACTOR, EVALUATOR = "mazemesh-actor@1", "mazemesh-evaluator@1"
LEAVES, STAYS = "on-spot", "elsewhere"
DRAIN_SECONDS = 90
A_FEW = 4
"""Matches, of the 32 of a lease: their games are not all in their last step."""
NOTICE = json.dumps({"action": "terminate", "time": "2026-11-30T12:00:00Z"})
SYSTEMCTL = """#!/bin/sh
# Stops units as systemd does: SIGTERM and SIGCONT to each process, then it waits for their ends.
shift
for unit in "$@"; do
    pid=$(cat "{folder}/$unit.pid") || exit 5
    kill -TERM "$pid"
    kill -CONT "$pid"
done
for unit in "$@"; do
    pid=$(cat "{folder}/$unit.pid")
    while [ -d "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.05; done
done
"""


@dataclass
class Machines:
    """Processes that the test starts on the spot machine and on others, and their logs."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]]

    def start(self, name: str, *words: str, **told: str) -> subprocess.Popen[bytes]:
        """Starts a module; `name` is its unit, by which `systemctl` finds it."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", *words],
                env={**self.environment, **told},
                stdout=log,
                stderr=log,
            )
        (self.folder / f"{name}.pid").write_text(str(process.pid))
        self.started.append(process)
        return process

    def said(self, name: str) -> list[dict[str, Any]]:
        """Lines of a log."""
        lines = (self.folder / f"{name}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def machines(folder: Path, environment: dict[str, str]) -> Iterator[Machines]:
    own = Machines(folder, environment, [])
    try:
        yield own
    finally:
        for process in own.started:
            process.kill()
            process.wait()
        for log in sorted(folder.glob("*.log")):  # of a failure's report
            sys.stdout.write(f"{log.name}: {log.read_text()[-3000:]}\n")


class Ledger:
    """What PostgreSQL has of rating matches."""

    def __init__(self, server: Postgres) -> None:
        self._connection = psycopg.connect(server.url, autocommit=True, connect_timeout=10)

    def close(self) -> None:
        self._connection.close()

    def ask(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, given).fetchall()  # type: ignore[arg-type]

    def leased_to(self, worker: str) -> set[str]:
        statement = "SELECT match_id FROM matchmaker_matches WHERE state = 'leased' AND worker = %s"
        return {row[0] for row in self.ask(statement, worker)}

    def matches(self, ids: set[str]) -> dict[str, tuple[str, str]]:
        """State and worker of matches."""
        statement = (
            "SELECT match_id, state, worker FROM matchmaker_matches WHERE match_id = ANY(%s)"
        )
        return {row[0]: (row[1], row[2]) for row in self.ask(statement, sorted(ids))}

    def finished(self) -> set[str]:
        """Rated matches that Game has finished."""
        statement = "SELECT match_id FROM game_finished_matches WHERE match_id NOT LIKE %s"
        return {row[0] for row in self.ask(statement, "unrated/%")}

    def results(self) -> list[str]:
        """Matches whose results Elo has, as often as it has them."""
        return [row[0] for row in self.ask("SELECT match_id FROM elo_results")]


def hold_in_a_lease(evaluator: subprocess.Popen[bytes], ledger: Ledger, mesh: Up) -> set[str]:
    """Halts an evaluator in the middle of matches; those that it has leased."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert evaluator.poll() is None
        assert mesh.process.poll() is None
        if not ledger.leased_to(LEAVES):
            continue
        evaluator.send_signal(signal.SIGSTOP)
        # What it had sent by then, Matchmaker or Game may still have been busy with.
        held = ledger.leased_to(LEAVES) - ledger.finished()
        if len(held) > A_FEW:
            return held
        evaluator.send_signal(signal.SIGCONT)
    raise AssertionError("it has leased nothing")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with s3_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


def group_of_one(aws: S3Server, completed: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of the machine of a group whose hook waits until it has left."""
    ec2, scaling = client("ec2", aws), client("autoscaling", aws)
    ec2.create_launch_template(
        LaunchTemplateName=GROUP,
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "c7g.xlarge"},
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "$Latest"},
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    )

    def complete_lifecycle_action(self: Any) -> ActionResult:
        """moto 5.2 has none."""
        completed.append(self._get_param("InstanceId"))
        return ActionResult({})

    name = "complete_lifecycle_action"
    monkeypatch.setattr(AutoScalingResponse, name, complete_lifecycle_action, raising=False)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])[
        "AutoScalingGroups"
    ]
    return str(group["Instances"][0]["InstanceId"])


def client(service: str, aws: S3Server) -> Any:
    return boto3.client(service, endpoint_url=aws.url, region_name="us-east-1")


@pytest.fixture
def machine() -> Iterator[MetadataService]:
    with metadata_service() as running:
        yield running


def rows(mesh: Up) -> int:
    return sum(info.inserts for info in mesh.mesh.replay.list_tables())


def test_a_machine_leaves_within_the_notice_and_nothing_is_lost_or_counted_twice(
    tmp_path: Path, aws: S3Server, machine: MetadataService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "systemctl"
    tool.parent.mkdir()
    tool.write_text(SYSTEMCTL.format(folder=tmp_path))
    tool.chmod(0o755)
    completed: list[str] = []
    machine.answers["instance-id"] = instance = group_of_one(aws, completed, monkeypatch)
    bucket, base = aws.bucket(), free_block(len(SERVICES)).start
    environment = {
        **os.environ,
        PARENT_VARIABLE: str(os.getpid()),
        **{
            f"MAZEMESH_{name.upper()}_ADDRESS": f"127.0.0.1:{base + index}"
            for index, name in enumerate(SERVICES)
        },
        "MAZEMESH_LOG_FORMAT": "json",
        "MAZEMESH_ACTOR_DRAIN_SECONDS": "60",  # as the units say
        "MAZEMESH_EVALUATOR_DRAIN_SECONDS": "30",
    }
    with postgres() as server:
        stores = {"MAZEMESH_DATABASE_URL": server.url, "MAZEMESH_BLOBS_URL": f"s3://{bucket}"}
        flags = ("--actors", "0", "--evaluators", "0")
        with (
            up(tmp_path / "mesh", base, *flags, told=stores) as mesh,
            machines(tmp_path, environment) as own,
        ):
            actor = own.start(ACTOR, "actor", "play", "--policy", "race", "--games", "64")
            mesh.until(lambda: actor.poll() is not None or rows(mesh) > 2_000, 200)
            assert actor.poll() is None
            watcher = own.start(
                "spot",
                "supervisor.cloud.machine.spot",
                PATH=f"{tool.parent}:{os.environ['PATH']}",
                AWS_EC2_METADATA_SERVICE_ENDPOINT=machine.url,
                MAZEMESH_CLOUD_NAME=NAME,
                MAZEMESH_CLOUD_GROUP=GROUP,
                MAZEMESH_CLOUD_HOOK="leave",
                MAZEMESH_CLOUD_UNITS=f"{ACTOR},{EVALUATOR}",
                MAZEMESH_CLOUD_DRAIN=str(DRAIN_SECONDS),
            )
            evaluate = ("actor", "evaluate", "--probe-games", "0", "--worker-id")
            evaluator = own.start(EVALUATOR, *evaluate, LEAVES)
            ledger = Ledger(server)
            try:
                held = hold_in_a_lease(evaluator, ledger, mesh)
                assert watcher.poll() is None, "no notice, no leaving"

                began = time.monotonic()
                machine.answers["spot/instance-action"] = NOTICE
                assert watcher.wait(DRAIN_SECONDS + 10) == 0
                assert time.monotonic() - began <= DRAIN_SECONDS
                assert (actor.wait(10), evaluator.wait(10)) == (0, 0)
                assert completed == [instance]

                # Rows: all that was acknowledged, each once.
                (last,) = [
                    line["all_rows"]
                    for line in own.said(ACTOR)
                    if line["event"] == "rows written when stopping"
                ]
                assert rows(mesh) == last
                assert client("s3", aws).list_objects_v2(Bucket=bucket)["KeyCount"] > 0

                # Leases: given back, not left to run out; another machine plays them.
                given_back = held - ledger.finished()
                assert given_back
                assert {state for state, _ in ledger.matches(given_back).values()} == {"queued"}
                own.start("elsewhere", *evaluate, STAYS)
                mesh.until(lambda: held <= set(ledger.results()), 120)
                mesh.until(
                    lambda: set(ledger.matches(given_back).values()) == {("completed", STAYS)}
                )

                # Results: every finished match, once.
                finished = ledger.finished()
                mesh.until(lambda: finished <= set(ledger.results()))
                results = ledger.results()
                assert len(results) == len(set(results))
            finally:
                ledger.close()
    (drained,) = client("cloudwatch", aws).list_metrics(
        Namespace="Mazemesh",
        MetricName="Drains",
        Dimensions=[{"Name": "Mesh", "Value": NAME}],
    )["Metrics"]
    assert {one["Name"]: one["Value"] for one in drained["Dimensions"]} == {
        "Mesh": NAME,
        "Kind": "spot",
    }
