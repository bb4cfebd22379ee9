"""A stand-in of AWS for each module of tests; collected by scripts/test-terraform alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.cloud.operating.workspace import build_wheel
from tests.terraform.runner import ROOT, Terraform

# They take minutes, and Terraform with its provider, which not every machine has.
collect_ignore_glob = [] if os.environ.get("MAZEMESH_TEST_TERRAFORM") else ["test_*.py"]

DUMMY = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the machines install: a wheel that was just built."""
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"), None)
    return {
        "wheel": str(wheel),
        "constraints": str(ROOT / "constraints.txt"),
        "install": str(ROOT / "deploy" / "install"),
    }


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a stand-in of its own."""
    log = (tmp_path_factory.mktemp("standin") / "log").open("w")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_ACM_VALIDATION_WAIT": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.terraform.standin"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        log.close()


@pytest.fixture(scope="module")
def aws(endpoint: str) -> Callable[[str], Any]:
    """Clients of the stand-in, by service."""
    import boto3

    return lambda service: boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", **DUMMY
    )


@pytest.fixture(scope="module")
def root_of(
    endpoint: str, files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Terraform]:
    """A profile, initialised, with what a person would set and further variables."""

    def make(profile: str, **variables: Any) -> Terraform:
        folder: Path = tmp_path_factory.mktemp(profile) / "terraform"
        made = Terraform(profile, folder, endpoint)
        made.variables(
            files=files,
            emails=["operator@example.org"],
            operator_cidrs=["203.0.113.7/32"],
            player_cidrs=["198.51.100.0/24"],
            force_destroy=True,
            **variables,
        )
        made.init()
        return made

    return make
