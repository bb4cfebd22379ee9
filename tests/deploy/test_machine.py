"""The install script in an empty Debian: its systemd starts the mesh, which answers outside."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mazemesh.process.ports import free_block
from supervisor.cloud.operating import certificates
from supervisor.cloud.operating.price_table import MACHINES
from supervisor.cloud.operating.workspace import build_wheel
from supervisor.running.layout import SERVICES
from tests.deploy.machine import Machine, booted, empty_root
from tests.servers.cloud.metadata_service import metadata_service

pytestmark = pytest.mark.timeout(540)

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
KEYS = {
    "admin": ("admin",),
    "worker": ("worker",),
    "trainer": ("trainer",),
    "service": ("game-service", "matchmaker-service", "model-service"),
}
MAZEMESH = str(Path(sys.executable).with_name("mazemesh"))
KIND = "c7g.xlarge"
UNITS = tuple(f"mazemesh-service@{name}" for name in SERVICES)


@dataclass
class Installed:
    """A machine of the mesh, and how it is reached from outside."""

    machine: Machine
    environment: dict[str, str]
    ports: range
    pages: range

    @property
    def place(self) -> tuple[str, ...]:
        """Flags of commands that call it."""
        return ("--host", "localhost", "--port-base", str(self.ports.start))


def new_key() -> str:
    return f"mm_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def aws_settings(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
    }


def fill_secrets(url: str) -> tuple[dict[str, str], dict[str, Any]]:
    """ARN by name in the stand-in of Secrets Manager, and their values."""
    manager = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    arns = {
        name: manager.create_secret(Name=f"test/{name}")["ARN"]
        for name in ("tls", "authority", *(f"{name}-key" for name in KEYS))
    }
    for name, roles in KEYS.items():
        value = {role: new_key() for role in roles}
        manager.put_secret_value(SecretId=arns[f"{name}-key"], SecretString=json.dumps(value))
    certificates.ensure(arns, ["localhost", "127.0.0.1"], manager)
    values = {
        name: json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
        for name, arn in arns.items()
    }
    return arns, values


def mesh_env(root: Path, arns: dict[str, str], url: str, metadata: str, ports: range) -> range:
    """What user data of terraform/modules/group lays down; ports of the services' pages."""
    pages = free_block(len(SERVICES), taken=ports)
    settings = {
        **aws_settings(url),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
        "MAZEMESH_HOST": "0.0.0.0",
        "MAZEMESH_DATA_DIR": "/var/lib/mazemesh",
        "MAZEMESH_TLS_CERT": "/run/mazemesh/tls.pem",
        "MAZEMESH_TLS_KEY": "/run/mazemesh/tls-key.pem",
        "MAZEMESH_CLOUD_NAME": "test",
        "MAZEMESH_CLOUD_UNITS": ",".join(UNITS),
        "MAZEMESH_CLOUD_SECRETS": ",".join(
            f"{name}={arn}" for name, arn in arns.items() if name != "authority"
        ),
    }
    for name, port, page in zip(SERVICES, ports, pages, strict=True):
        settings[f"MAZEMESH_{name.upper()}_PORT"] = str(port)
        settings[f"MAZEMESH_{name.upper()}_ADDRESS"] = f"localhost:{port}"
        settings[f"MAZEMESH_{name.upper()}_METRICS_PORT"] = str(page)
    place = root / "etc" / "mazemesh" / "mesh.env"
    place.parent.mkdir(parents=True)
    place.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return pages


def lay_packages(machine: Machine, folders: list[Path]) -> None:
    """An environment at the script's place that already sees what it would fetch for minutes.

    All but the wheel itself: the packages of the tests' environment, in the versions of
    constraints.txt.
    """
    machine.run("python3", "-m", "venv", "/opt/mazemesh", timeout=120)
    links = machine.root / "opt" / "packages"
    links.mkdir()
    for number, folder in enumerate(folders):
        for entry in folder.iterdir():
            if not entry.name.startswith(("mazemesh", "_mazemesh", "__pycache__")):
                with suppress(FileExistsError):
                    (links / entry.name).symlink_to(f"/srv/packages/{number}/{entry.name}")
    place = machine.root / "opt/mazemesh/lib/python3.11/site-packages/packages.pth"
    place.write_text("/opt/packages\n")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    root = tmp_path_factory.mktemp("machine") / "root"
    empty_root(root)
    release = root / "opt" / "mazemesh-release"
    release.mkdir(parents=True)
    wheel = build_wheel(release, None)
    for name in ("constraints.txt", "deploy/install"):
        shutil.copy(ROOT / name, release)
    packages = [Path(path).resolve() for path in sys.path if path.endswith("site-packages")]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    try:
        arns, values = fill_secrets(url)
        ports = free_block(len(SERVICES))
        with metadata_service() as metadata, booted(root, packages) as machine:
            metadata.answers |= {"instance-type": KIND, "instance-life-cycle": "spot"}
            pages = mesh_env(root, arns, url, metadata.url, ports)
            lay_packages(machine, packages)
            release_folder = "/opt/mazemesh-release"
            machine.run(
                *("env", "PIP_NO_INDEX=1", "bash", f"{release_folder}/install"),
                *("--wheel", f"{release_folder}/{wheel.name}"),
                *("--constraints", f"{release_folder}/constraints.txt", "--extras", "aws"),
                *("--start", *UNITS),
                timeout=300,
            )
            authority = tmp_path_factory.mktemp("outside") / "ca.pem"
            authority.write_text(values["tls"]["authority"])
            environment = {
                **{k: v for k, v in os.environ.items() if not k.startswith("MAZEMESH_")},
                "MAZEMESH_TLS_CA": str(authority),
                "MAZEMESH_KEY": values["admin-key"]["admin"],
            }
            yield Installed(machine, environment, ports, pages)
    finally:
        server.stop()
        shutil.rmtree(root)


def status(installed: Installed, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MAZEMESH, "status", "--json", *installed.place],
        env={**installed.environment, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def active(machine: Machine, unit: str) -> str:
    shown = machine.run("systemctl", "show", "-p", "ActiveState,SubState,Result", unit)
    found = dict(line.split("=", 1) for line in shown.stdout.splitlines())
    return f"{found['ActiveState']} {found['SubState']} {found['Result']}"


def test_all_services_answer_outside(installed: Installed) -> None:
    machine = installed.machine
    # Started by --start, which waits for what each needs: claims, secrets, keys.
    machine.run(
        *("bash", "-c"),
        "for tries in $(seq 300); do for name in game matchmaker model elo replay; do "
        "journalctl -u mazemesh-service@$name -o cat | grep -q '\"listening\"' || "
        "{ sleep 0.2; continue 2; }; done; exit 0; done; exit 1",
        timeout=90,
    )
    done = status(installed)
    assert done.returncode == 0, done.stdout + done.stderr + machine.log()
    assert {active(machine, unit) for unit in UNITS} == {"active running success"}


def test_who_shows_no_key_is_refused(installed: Installed) -> None:
    done = subprocess.run(
        [MAZEMESH, "leaderboard", *installed.place],
        env={k: v for k, v in installed.environment.items() if k != "MAZEMESH_KEY"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "key" in done.stderr


def test_no_unit_failed_and_systemd_understands_all(installed: Installed) -> None:
    machine = installed.machine
    flags = ("--failed", "--plain", "--no-legend")
    assert machine.run("systemctl", "list-units", *flags, "mazemesh*").stdout == ""
    machine.run(
        *("bash", "-c"),
        "cd /etc/systemd/system && systemd-analyze verify --man=no "
        "$(ls mazemesh-*.service mazemesh-*.timer | sed 's/@\\./@game./')",
    )


def test_the_services_run_as_their_user_and_nothing_else_is_theirs(installed: Installed) -> None:
    machine = installed.machine
    for unit in UNITS:
        shown = machine.run("systemctl", "show", "-p", "MainPID", "--value", unit).stdout.strip()
        owner = machine.run("stat", "-c", "%U", f"/proc/{shown}").stdout.strip()
        assert owner == "mazemesh"
    # But for the /tmp that each unit has of its own.
    elsewhere = ("-not", "-path", "/var/lib/mazemesh*", "-not", "-path", "*/systemd-private-*")
    assert machine.run("find", "/", "-xdev", "-user", "mazemesh", *elsewhere).stdout == ""
    secrets_there = machine.run("stat", "-c", "%a", "/run/mazemesh", "/run/mazemesh/tls-key.pem")
    assert secrets_there.stdout.split() == ["700", "600"]


def test_each_service_tells_its_share_of_what_the_machine_costs(installed: Installed) -> None:
    _, spot = MACHINES[KIND]
    for port in installed.pages:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        (told,) = [line for line in lines if line.startswith("mazemesh_dollars_per_hour ")]
        assert float(told.split()[1]) == pytest.approx(spot / len(UNITS), abs=1e-6)


def test_its_bill_of_materials_names_what_runs(installed: Installed) -> None:
    """As the Dockerfiles make it, of the very environment that the script has made."""
    machine, python = installed.machine, "/opt/mazemesh/bin/python"
    flags = ["--output-reproducible", "--of", "JSON", "-o", "/tmp/sbom.cdx.json", python]
    machine.run(python, "-P", "-m", "cyclonedx_py", "environment", *flags, timeout=120)
    bill = json.loads((machine.root / "tmp" / "sbom.cdx.json").read_text())
    named = {one["name"]: one["version"] for one in bill["components"]}
    version = installed.machine.run(python, "-c", "import grpc; print(grpc.__version__)").stdout
    assert named["grpcio"] == version.strip()
    assert {"mazemesh", "numpy", "boto3", "onnxruntime"} <= named.keys()


def test_a_stopped_service_drains_and_comes_back(installed: Installed) -> None:
    machine = installed.machine
    machine.run("systemctl", "stop", "mazemesh-service@elo", timeout=90)
    assert active(machine, "mazemesh-service@elo") == "inactive dead success"
    assert status(installed).returncode == 1
    machine.run("systemctl", "start", "mazemesh-service@elo")
