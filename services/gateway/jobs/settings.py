"""Settings of training jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from services._harness import ServiceSettings
from services.gateway.jobs.queueing.choosing import Bounds


class JobSettings(ServiceSettings):
    """How many jobs there may be, where they run, and what that costs."""

    jobs: Literal["processes", "kubernetes", "ec2"] = Field(
        "processes",
        description="where training jobs run: as processes of this machine, as Jobs of Kubernetes, "
        "or as groups of EC2 machines",
    )
    jobs_at_once: NonNegativeInt = Field(
        2, description="jobs that run at once; 0 starts none, and lets them wait"
    )
    jobs_at_once_per_key: PositiveInt = Field(2, description="jobs of one key that run at once")
    jobs_waiting: PositiveInt = Field(1000, description="jobs that may wait")
    jobs_waiting_per_key: PositiveInt = Field(20, description="jobs of one key that may wait")
    jobs_dollars_an_hour: NonNegativeFloat = Field(
        0.0,
        le=10_000,
        description="what an hour of one job costs, for its estimated costs and budgets in "
        "dollars; 0 is not known",
    )
    jobs_kept: NonNegativeInt = Field(1000, description="ended jobs that are kept however old")
    jobs_kept_days: PositiveFloat = Field(30.0, description="for which all ended jobs are kept")
    jobs_trainer_key_file: Path | None = Field(
        None, description="file of mode 600 with the key that learners of jobs show to services"
    )
    jobs_worker_key_file: Path | None = Field(
        None, description="the same for their actors: a worker's key"
    )
    jobs_namespace: str = Field("mazemesh", description="of Kubernetes, for jobs")
    jobs_image: str = Field("mazemesh/learner", description="of a job's container")
    jobs_cpu: str = Field("3", description="that a job's pod asks for, as Kubernetes writes it")
    jobs_memory: str = Field("4Gi", description="that a job's pod asks for, and may have")
    jobs_gpus: NonNegativeInt = Field(0, le=16, description="of a job's pod")
    jobs_config_map: str = Field(
        "mazemesh", description="of Kubernetes: what all processes are told"
    )
    jobs_secret: str = Field(
        "", description="of Kubernetes: keys of jobs, trainer.key and worker.key; empty: none"
    )
    jobs_kubernetes_api: str = Field(
        "", description="URL of the cluster's API; empty: that of the cluster the gateway runs in"
    )
    jobs_launch_template: str = Field(
        "", description="name of the EC2 launch template that a job's machine is made by"
    )
    jobs_subnets: str = Field("", description="of those machines, separated by commas")
    jobs_reports: str = Field(
        "", description="s3://bucket/prefix at which machines of jobs tell how they go"
    )

    @property
    def job_bounds(self) -> Bounds:
        """How many jobs there may be."""
        return Bounds(
            self.jobs_at_once,
            self.jobs_at_once_per_key,
            self.jobs_waiting,
            self.jobs_waiting_per_key,
        )
