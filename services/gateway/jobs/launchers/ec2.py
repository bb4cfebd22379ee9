"""Jobs on EC2 machines of their own: a group of one machine a job, which is replaced when lost.

The operator names a launch template whose user data installs the release and starts the unit
mazemesh-job (docs/training.md). Each attempt has a launch template of its own, which is that one
with the plan in its user data, and an Auto Scaling group of one machine made by it. The machine
tells how it goes through S3, and when the job has ended it makes its own group empty, so that none
costs anything while no gateway looks.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

from mazemesh.errors import FailedPrecondition, InvalidArgument, Unavailable
from mazemesh.process.errors import StartError
from services.gateway.jobs.attempts import plan as plans
from services.gateway.jobs.attempts.plan import Plan
from services.gateway.jobs.job_runner.s3_reports import S3Reports
from services.gateway.jobs.launcher import Sighting
from services.gateway.jobs.nouns.job import Job
from services.gateway.jobs.nouns.work import Training
from services.gateway.jobs.settings import JobSettings

T = TypeVar("T")

ENVIRONMENT_FILE: Final = "/etc/mazemesh/job.env"
"""Of the unit mazemesh-job."""

_LOOK_SECONDS: Final = 10.0
_REFUSED: Final = (
    *("ValidationError", "InvalidParameterValue", "InvalidParameterCombination"),
    *("InvalidLaunchTemplateName.NotFoundException", "UnauthorizedOperation", "AccessDenied"),
)


class Ec2Launcher:
    """A `Launcher` by EC2 and its Auto Scaling.

    Args:
        ec2, autoscaling, s3: Clients of boto3.
        template: Name of the launch template.
        subnets: Where machines are.
        reports: `s3://bucket/prefix`.
        dollars_an_hour: Price of an hour of one machine.
    """

    def __init__(
        self,
        ec2: Any,
        autoscaling: Any,
        s3: Any,
        template: str,
        subnets: Sequence[str],
        reports: str,
        dollars_an_hour: float = 0.0,
    ) -> None:
        self._ec2, self._autoscaling, self._s3 = ec2, autoscaling, s3
        self._template, self._subnets, self._reports = template, list(subnets), reports
        self._dollars = dollars_an_hour

    @property
    def place(self) -> str:
        """See `Launcher`."""
        return f"ec2:{self._template}"

    @property
    def look_seconds(self) -> float:
        """See `Launcher`."""
        return _LOOK_SECONDS

    @property
    def dollars_an_hour(self) -> float:
        """See `Launcher`."""
        return self._dollars

    async def start(self, job: Job) -> None:
        """See `Launcher.start`."""
        if not isinstance(job.work, Training):
            raise InvalidArgument("kind: tune runs whole meshes; a machine of a job has one run")
        await self._call(lambda: self._start(job))

    async def look(self, jobs: Sequence[Job]) -> Mapping[str, Sighting]:
        """See `Launcher.look`."""
        return await self._call(lambda: self._look(jobs))

    async def stop(self, job: Job) -> None:
        """See `Launcher.stop`: its machine is shut down, and its unit ends in order before that."""
        await self._call(lambda: self._empty(group_of(job)))

    async def log(self, job: Job, lines: int) -> Sequence[str]:
        """See `Launcher.log`: as the machine told it last."""
        told = S3Reports(self._reports, job.job_id, self._s3)
        return (await self._call(told.log))[-lines:]

    async def forget(self, job: Job) -> None:
        """See `Launcher.forget`: the group goes, with its machine."""
        await self._call(lambda: self._forget(job))

    async def discard(self, job_ids: Collection[str]) -> None:
        """See `Launcher.discard`."""
        for job_id in job_ids:
            await self._call(S3Reports(self._reports, job_id, self._s3).discard)

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._translated, work)

    def _translated(self, work: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return work()
        except ClientError as error:
            kind = FailedPrecondition if _code(error) in _REFUSED else Unavailable
            raise kind(f"AWS says {error}") from error
        except (BotoCoreError, OSError) as error:
            raise Unavailable(f"AWS does not answer: {error}") from error

    def _start(self, job: Job) -> None:
        group = group_of(job)
        if self._groups([group]):
            return
        plan = plans.plan_of(job, self._dollars)
        tags = {"mazemesh:job": job.job_id, "mazemesh:policy": job.work.policy}
        self._make_template(plan, group, tags)
        self._autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=group,
            LaunchTemplate={"LaunchTemplateName": group, "Version": "$Latest"},
            MinSize=0,
            MaxSize=1,
            DesiredCapacity=1,
            VPCZoneIdentifier=",".join(self._subnets),
            Tags=[
                {"Key": key, "Value": value, "PropagateAtLaunch": True}
                for key, value in tags.items()
            ],
        )

    def _make_template(self, plan: Plan, group: str, tags: Mapping[str, str]) -> None:
        """The operator's, with the plan; one that a gateway left that died here is taken."""
        from botocore.exceptions import ClientError

        found = self._ec2.describe_launch_template_versions(
            LaunchTemplateName=self._template, Versions=["$Default"]
        )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        try:
            self._ec2.create_launch_template(
                LaunchTemplateName=group,
                LaunchTemplateData={**found, "UserData": self._user_data(found, plan, group)},
                # By which a role may be allowed to delete those of jobs alone.
                TagSpecifications=[
                    {
                        "ResourceType": "launch-template",
                        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                    }
                ],
            )
        except ClientError as error:
            if _code(error) != "InvalidLaunchTemplateName.AlreadyExistsException":
                raise

    def _user_data(self, found: Mapping[str, Any], plan: Plan, group: str) -> str:
        """That of a template, with the plan before all else."""
        script = base64.b64decode(found.get("UserData", "")).decode()
        first, _, rest = script.partition("\n")
        if not first.startswith("#!"):
            first, rest = "#!/bin/bash", script
        told = base64.b64encode(json.dumps(plans.to_json(plan)).encode()).decode()
        lines = (
            f"install -d -m 755 {ENVIRONMENT_FILE.rpartition('/')[0]}",
            f"cat >{ENVIRONMENT_FILE} <<'JOB'",
            f"MAZEMESH_JOB={told}",
            f"MAZEMESH_JOB_GROUP={group}",
            f"MAZEMESH_JOB_REPORTS={self._reports}",
            "JOB",
        )
        return base64.b64encode("\n".join((first, *lines, rest)).encode()).decode()

    def _look(self, jobs: Sequence[Job]) -> dict[str, Sighting]:
        groups = self._groups([group_of(job) for job in jobs])
        return {job.job_id: self._seen(job, groups.get(group_of(job))) for job in jobs}

    def _seen(self, job: Job, group: dict[str, Any] | None) -> Sighting:
        report = S3Reports(self._reports, job.job_id, self._s3).last()
        there = group is not None and bool(group["DesiredCapacity"] or group["Instances"])
        why = "" if there else "its group of machines is empty, or not there any more"
        if report is None:
            return Sighting(there, begun=False, why=why)
        return report.seen(job.attempt, there=there, why=why)

    def _groups(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(names), 50):
            answer = self._autoscaling.describe_auto_scaling_groups(
                AutoScalingGroupNames=list(names[start : start + 50])
            )
            found |= {one["AutoScalingGroupName"]: one for one in answer["AutoScalingGroups"]}
        return found

    def _empty(self, group: str) -> None:
        if self._groups([group]):
            self._autoscaling.update_auto_scaling_group(
                AutoScalingGroupName=group, MinSize=0, DesiredCapacity=0
            )

    def _forget(self, job: Job) -> None:
        group = group_of(job)
        if self._groups([group]):
            self._autoscaling.delete_auto_scaling_group(
                AutoScalingGroupName=group, ForceDelete=True
            )
        named = [{"Name": "launch-template-name", "Values": [group]}]
        for one in self._ec2.describe_launch_templates(Filters=named)["LaunchTemplates"]:
            self._ec2.delete_launch_template(LaunchTemplateId=one["LaunchTemplateId"])


def group_of(job: Job) -> str:
    """Name of an attempt's group."""
    return f"mazemesh-job-{job.job_id}-{job.attempt}"


def ec2_launcher(settings: JobSettings) -> Ec2Launcher:
    """A launcher by the machine's own credentials.

    Raises:
        StartError: something is not said, or boto3 is not installed.
    """
    for name in ("jobs_launch_template", "jobs_subnets", "jobs_reports"):
        if not getattr(settings, name):
            raise StartError(
                f"{name} has no value (set it by --{name.replace('_', '-')}), and jobs = 'ec2' "
                "needs it",
                exit_code=2,
            )
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError as error:
        raise StartError(
            "jobs = 'ec2' needs boto3: pip install 'mazemesh[aws]'", exit_code=2
        ) from error
    deadlines = Config(connect_timeout=5.0, read_timeout=20.0, retries={"mode": "standard"})
    ec2, autoscaling, s3 = (
        boto3.client(name, config=deadlines) for name in ("ec2", "autoscaling", "s3")
    )
    subnets = [one.strip() for one in settings.jobs_subnets.split(",") if one.strip()]
    told = settings.jobs_launch_template, subnets, settings.jobs_reports
    return Ec2Launcher(ec2, autoscaling, s3, *told, settings.jobs_dollars_an_hour)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
