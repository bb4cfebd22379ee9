"""Jobs on EC2 machines: groups and launch templates of an AWS of the tests' own, and the unit."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mazemesh.errors import FailedPrecondition, InvalidArgument
from services.gateway.jobs.launchers.ec2 import Ec2Launcher, group_of
from services.gateway.jobs.nouns.budget import Target
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Tuning
from tests.servers.gateway.jobs.launching import Launching
from tests.servers.gateway.jobs.plans import PRACTICE, SECONDS

UNIT = Path(__file__).parents[4] / "deploy" / "systemd" / "mazemesh-job.service"
SCRIPT = "#!/bin/bash\necho installs the release\n"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """URL of an AWS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # which takes many seconds
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield f"http://{host}:{port}"
        server.stop()


class World:
    """A launcher, and the clients that it has."""

    def __init__(self) -> None:
        self.ec2, self.autoscaling = boto3.client("ec2"), boto3.client("autoscaling")
        self.s3 = boto3.client("s3")
        where = {"LocationConstraint": "eu-central-1"}
        self.s3.create_bucket(Bucket="mesh", CreateBucketConfiguration=where)
        data = {
            "ImageId": "ami-12345678",
            "InstanceType": "m7i.large",
            "UserData": base64.b64encode(SCRIPT.encode()).decode(),
        }
        self.ec2.create_launch_template(LaunchTemplateName="jobs", LaunchTemplateData=data)
        subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        told = (self.ec2, self.autoscaling, self.s3, "jobs", [subnet], "s3://mesh/jobs")
        self.launcher = Ec2Launcher(*told, 3600.0)

    def group(self, job: Job) -> dict[str, Any] | None:
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group_of(job)])
        return next(iter(found["AutoScalingGroups"]), None)

    def user_data(self, job: Job) -> str:
        """Of the machines of an attempt."""
        group = self.group(job)
        assert group is not None
        [found] = self.ec2.describe_launch_template_versions(
            LaunchTemplateName=group["LaunchTemplate"]["LaunchTemplateName"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        assert found["LaunchTemplateData"]["InstanceType"] == "m7i.large"
        return base64.b64decode(found["LaunchTemplateData"]["UserData"]).decode()


@pytest.fixture(scope="module")
def world(aws: str) -> World:
    return World()


@contextmanager
def machine(user_data: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """What a machine does with its user data: job.env, and the unit's command by it."""
    found = re.search(r"cat >/etc/mazemesh/job\.env <<'JOB'\n(.*?)\nJOB\n", user_data, re.DOTALL)
    assert found is not None
    told = dict(line.split("=", 1) for line in found[1].splitlines())
    plan = json.loads(base64.b64decode(told["MAZEMESH_JOB"]))
    for process in plan["processes"]:
        known = [flag for flag in process["arguments"] if flag.startswith("--policy")]
        process["arguments"] = [process["module"], *known]
        process["module"] = PRACTICE
    told["MAZEMESH_JOB"] = base64.b64encode(json.dumps(plan).encode()).decode()
    unit = UNIT.read_text()
    line = next(one for one in unit.splitlines() if one.startswith("ExecStart="))
    command = re.sub(r"\$\{(\w+)\}", lambda name: told[name[1]], line.partition("=")[2])
    command = command.replace("/opt/mazemesh/bin/python", shlex.quote(sys.executable))
    command = command.replace("/var/lib/mazemesh", shlex.quote(str(folder)))
    environment = {**os.environ, **told, "MAZEMESH_DATA_DIR": str(folder / "data")}
    with subprocess.Popen(shlex.split(command), env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_a_machine_does_the_job_and_goes(world: World, tmp_path: Path) -> None:
    jobs = Launching(world.launcher)
    job = await jobs.submit(target=Target(steps=100))
    starting = await jobs.until(job, lambda now: now.state is State.STARTING)
    data = world.user_data(starting)
    assert data.startswith("#!/bin/bash\n")
    assert data.endswith("echo installs the release\n")
    group = world.group(starting)
    assert group is not None
    assert group["DesiredCapacity"] == 1
    assert {one["Key"] for one in group["Tags"]} == {"mazemesh:job", "mazemesh:policy"}
    with machine(data, tmp_path) as process:
        assert process.wait(SECONDS) == 0
    # Nobody has looked yet, and no machine is wanted any more.
    group = world.group(starting)
    assert group is not None
    assert group["DesiredCapacity"] == 0
    done = await jobs.again(world.launcher).until(job, lambda now: now.over)
    assert (done.state, done.reason) == (State.FINISHED, "it has done its 100 steps")
    assert (done.usage.steps, done.usage.dollars > 0) == (100, True)
    assert any("begins at 0" in line for line in await world.launcher.log(done, 50))
    assert world.group(done) is None
    templates = world.ec2.describe_launch_templates()["LaunchTemplates"]
    assert [one["LaunchTemplateName"] for one in templates] == ["jobs"]
    await world.launcher.discard([job.job_id])
    assert await world.launcher.log(done, 50) == []


async def test_one_that_is_stopped_leaves_nothing(world: World) -> None:
    jobs = Launching(world.launcher)
    job = await jobs.submit()
    started = await jobs.until(job, lambda now: now.state is State.STARTING)
    await world.launcher.start(started)  # the same attempt again is nothing new
    await jobs.queue.stop(job.job_id, "ann")
    ended = await jobs.until(job, lambda now: now.over)
    assert (ended.state, ended.reason) == (State.CANCELLED, "stopped by ann")
    assert world.group(started) is None


async def test_a_lost_machine_goes_on_where_it_was(world: World, tmp_path: Path) -> None:
    jobs = Launching(world.launcher)
    job = await jobs.submit(target=Target(steps=400))
    starting = await jobs.until(job, lambda now: now.state is State.STARTING)
    data = world.user_data(starting)
    with machine(data, tmp_path) as process:
        going = await jobs.until(job, lambda now: now.state is State.RUNNING)
        process.terminate()  # the notice of a spot machine
        assert process.wait(SECONDS) == 75
    assert going.attempt == 1
    with machine(data, tmp_path) as process:  # which the group puts in its place
        assert process.wait(SECONDS) == 0
    done = await jobs.until(job, lambda now: now.over)
    assert (done.state, done.usage.steps, done.attempt) == (State.FINISHED, 400, 1)


async def test_what_cannot_be_started_says_why(world: World) -> None:
    told = (world.ec2, world.autoscaling, world.s3, "nothing", ["subnet-1"], "s3://mesh/jobs")
    jobs = Launching(Ec2Launcher(*told))
    job = await jobs.submit()
    failed = await jobs.until(job, lambda now: now.over)
    assert failed.state is State.FAILED
    assert "it cannot be started: AWS says" in failed.reason
    with pytest.raises(InvalidArgument, match="tune"):
        await world.launcher.start(Job("x", "", Tuning("solo", "ppo", "s", {"epochs": "1..2"})))
    with pytest.raises(FailedPrecondition):
        await Ec2Launcher(*told).start(failed)
