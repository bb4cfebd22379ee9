"""Format, the modules' own tests, and checkov where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.terraform.runner import ROOT, Terraform, plugin_folder, terraform_binary

TERRAFORM = ROOT / "terraform"
TESTED = sorted(path.parents[1].name for path in TERRAFORM.glob("modules/*/tests/*.tftest.hcl"))

pytestmark = pytest.mark.timeout(900)


def test_all_of_it_is_formatted() -> None:
    command = [terraform_binary(), "fmt", "-check", "-recursive", "-no-color", str(TERRAFORM)]
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stdout


def test_nothing_names_where_the_provider_comes_from() -> None:
    """One source, hashicorp/aws; no lock file and no host."""
    for file in TERRAFORM.rglob("versions.tf"):
        text = file.read_text()
        assert text.count("source") == 1
        assert 'source  = "hashicorp/aws"' in text


def test_every_module_and_profile_says_what_it_is_for() -> None:
    for folder in (*TERRAFORM.glob("modules/*"), *TERRAFORM.glob("profiles/*")):
        for name in ("variables.tf", "outputs.tf"):
            text = (folder / name).read_text()
            kind = "variable" if name == "variables.tf" else "output"
            assert text.count(f'\n{kind} "') + text.startswith(f'{kind} "') == text.count(
                "  description = "
            ), f"{folder.name}/{name}"
        if folder.parent.name == "profiles":
            assert (folder / "README.md").is_file()


@pytest.mark.parametrize("module", TESTED)
def test_a_modules_own_tests_pass(module: str, tmp_path: Path) -> None:
    terraform = Terraform("hobby", tmp_path / "terraform", plugins=plugin_folder())
    terraform.root = terraform.folder / "modules" / module
    terraform.init()
    assert "0 failed" in terraform.run("test", "-no-color")


def test_checkov_finds_nothing_beyond_what_was_reviewed() -> None:
    checkov = os.environ.get("CHECKOV") or shutil.which("checkov")
    if checkov is None:
        pytest.fail("checkov is missing; scripts/test-terraform installs it")
    done = subprocess.run(
        [checkov, "--directory", ".", "--config-file", ".checkov.yaml"],
        cwd=TERRAFORM,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
