"""Units of systemd: what they start is there, and systemd understands them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from supervisor.cloud.files import checkout, shipped

UNITS = sorted(shipped("systemd").glob("mazemesh-*"))


def test_every_module_that_a_unit_starts_is_there() -> None:
    modules = {
        found for unit in UNITS for found in re.findall(r"python -P -m ([\w.%]+)", unit.read_text())
    }
    assert len(modules) > 8
    named = {one for one in modules if "%" not in one}
    assert [one for one in named if find_spec(one) is None] == []
    assert "services.%i" in modules


def test_units_of_the_mesh_run_as_its_user_and_may_little() -> None:
    for unit in UNITS:
        text = unit.read_text()
        if unit.suffix != ".service" or unit.stem in ("mazemesh-claims", "mazemesh-spot"):
            continue  # these two mount disks and stop units
        assert "User=mazemesh" in text, unit.name
        if unit.stem != "mazemesh-renew":
            assert "NoNewPrivileges=yes" in text, unit.name
            assert "ProtectSystem=strict" in text, unit.name


def test_a_worker_has_as_long_as_a_spot_notice_gives() -> None:
    for unit in UNITS:
        for seconds in re.findall(r"TimeoutStopSec=(\d+)", unit.read_text()):
            assert int(seconds) <= 90, unit.name


def test_every_process_of_the_mesh_is_told_what_it_costs() -> None:
    priced = [unit.name for unit in UNITS if "run/mazemesh/cost.env" in unit.read_text()]
    kinds = ("actor@", "evaluator@", "job", "learner", "service@")
    assert priced == [f"mazemesh-{kind}.service" for kind in kinds]
    secrets = next(unit for unit in UNITS if unit.stem == "mazemesh-secrets").read_text()
    (after,) = [line for line in secrets.splitlines() if line.startswith("ExecStartPost=")]
    assert after.endswith(" -m supervisor.cloud.machine.cost")
    assert after.startswith("ExecStartPost=-"), "a price that is not known ends nothing"


@pytest.mark.skipif(sys.platform != "linux", reason="there is no systemd")
def test_systemd_understands_them(tmp_path: Path) -> None:
    assert shutil.which("systemd-analyze"), "systemd is missing; scripts/servers installs it"
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    for unit in UNITS:
        text = unit.read_text().replace("/opt/mazemesh/bin/python", str(python))
        text = re.sub(r"^(User|Group)=mazemesh$", r"\1=root", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    names = [
        unit.name.replace("@.", "@game." if "service@" in unit.name else "@1.") for unit in UNITS
    ]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *names],
        cwd=tmp_path,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = [line for line in done.stderr.splitlines() if "mazemesh" in line]
    assert told == []


def test_the_install_script_is_bash_without_errors() -> None:
    done = subprocess.run(
        ["bash", "-n", str(shipped("install"))], capture_output=True, check=False, timeout=10
    )
    assert done.returncode == 0


def test_the_install_script_says_what_is_wrong() -> None:
    for given, told in ((["--wheel", "nowhere.whl"], "should be a file"), (["--x"], "--x")):
        done = subprocess.run(
            ["bash", str(shipped("install")), *given],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        assert done.returncode == 2
        assert told in done.stderr


def test_a_checkout_has_its_own_files() -> None:
    root = checkout()
    assert root is not None
    assert shipped("terraform") == root / "terraform"
