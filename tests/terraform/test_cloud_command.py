"""`mazemesh cloud` from init to down, as a person types it, on the stand-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.leftovers import left
from tests.terraform.runner import plugin_folder

pytestmark = pytest.mark.timeout(1500)

MAZEMESH = Path(sys.executable).with_name("mazemesh")


class Person:
    """Types commands in a folder."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder
        rc = folder / "cli.tfrc"
        rc.write_text(
            f'provider_installation {{\n  filesystem_mirror {{ path = "{plugin_folder()}" }}\n}}\n'
        )
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "TF_CLI_CONFIG_FILE": str(rc),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_S3_USE_PATH_STYLE": "true",
        }

    def types(self, *words: str, told: str = "", fails: bool = False) -> str:
        done = subprocess.run(
            [str(MAZEMESH), "cloud", *words],
            cwd=self.folder,
            env=self._environment,
            input=told,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
        assert (done.returncode != 0) == fails, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stderr if fails else done.stdout


@pytest.fixture(scope="module")
def person(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    return Person(tmp_path_factory.mktemp("person"), endpoint)


def test_from_an_empty_account_to_nothing_left(person: Person, aws: Callable[[str], Any]) -> None:
    person.types(
        *("init", "--email", "me@example.org", "--operator", "203.0.113.7/32"),
        *("--state-bucket", "my-terraform-state"),
    )
    block = aws("s3").get_public_access_block(Bucket="my-terraform-state")
    assert all(block["PublicAccessBlockConfiguration"].values())
    settings_file = person.folder / "mazemesh-cloud/hobby/terraform/profiles/hobby"
    settings = json.loads((settings_file / "terraform.tfvars.json").read_text())
    settings["force_destroy"] = True
    (settings_file / "terraform.tfvars.json").write_text(json.dumps(settings))

    planned = json.loads(person.types("plan", "--json"))
    assert planned["changes"]["create"] > 90
    assert planned["bill"]["most_usd"] < 30

    person.types("up", told="n\n", fails=True)
    assert aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []

    up = json.loads(person.types("up", "--yes", "--no-wait", "--json"))
    variables = up["environment"]
    host = up["outputs"]["host"]
    assert variables["MAZEMESH_ELO_ADDRESS"] == f"{host}:50054"
    ca, key = Path(variables["MAZEMESH_TLS_CA"]), Path(variables["MAZEMESH_KEY_FILE"])
    assert "BEGIN CERTIFICATE" in ca.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().startswith("mm_")

    certificate = json.loads(
        aws("secretsmanager").get_secret_value(SecretId="mazemesh-hobby/tls")["SecretString"]
    )
    assert certificate["authority"] == ca.read_text()
    assert aws("s3").list_objects_v2(Bucket="my-terraform-state")["KeyCount"] == 1

    again = json.loads(person.types("up", "--yes", "--no-wait", "--json"))
    assert again["environment"] == variables, "the certificate still fits"

    status = json.loads(person.types("status", "--json"))
    assert status["machines"] == {"mesh": {"wanted": 1, "in_service": 1}}
    assert set(status["services"].values()) == {"unreachable"}
    assert f"export MAZEMESH_GAME_ADDRESS={host}:50051" in person.types("connect")

    person.types("down", "--yes")
    assert set(left(aws)) == {"buckets"}
    assert left(aws)["buckets"] == ["my-terraform-state"]
