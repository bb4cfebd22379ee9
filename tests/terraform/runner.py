"""Terraform as a test drives it: a folder of its own, a provider that is here, dummy keys."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MISSING = """\
{what} is missing. Terraform 1.11 or newer comes from its makers' download page or a package
manager; `terraform -chdir=terraform/profiles/hobby init` then fetches the provider
hashicorp/aws 5.100, and `terraform providers mirror FOLDER` lays it down for machines without a
network, where MAZEMESH_TERRAFORM_PLUGINS=FOLDER names it."""
_KEPT = ("HOME", "PATH", "LANG", "TMPDIR", "PYTHONPATH")


class MissingError(RuntimeError):
    """Terraform or its provider is not on this machine."""


def terraform_binary() -> str:
    """Where Terraform is.

    Raises:
        MissingError: it is not installed.
    """
    found = shutil.which("terraform")
    if found is None:
        raise MissingError(MISSING.format(what="terraform"))
    return found


def plugin_folder() -> Path:
    """A folder laid out as a filesystem mirror that holds the provider.

    Raises:
        MissingError: there is none on this machine.
    """
    named = os.environ.get("MAZEMESH_TERRAFORM_PLUGINS")
    places = [named] if named else ["/opt", "/usr", "/root", "/home", "/var/lib"]
    for place in places:
        search = ["find", place, "-name", "terraform-provider-aws_v5*"]
        search += ["-type", "f", "-path", "*/hashicorp/aws/*", "-print", "-quit"]
        done = subprocess.run(search, capture_output=True, text=True, check=False, timeout=120)
        if line := done.stdout.strip():
            # HOST/hashicorp/aws/VERSION/PLATFORM/terraform-provider-aws_v5...
            return Path(line).parents[5]
    where = f" (looked for in {', '.join(places)})"
    raise MissingError(MISSING.format(what=f"the provider hashicorp/aws{where}"))


class Terraform:
    """One root module, copied to a folder of its own with its state."""

    def __init__(
        self, profile: str, folder: Path, endpoint: str | None = None, plugins: Path | None = None
    ) -> None:
        self.folder = folder
        self.profile = profile
        self._binary = terraform_binary()
        shutil.copytree(
            ROOT / "terraform", folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*")
        )
        self.root = folder / "profiles" / profile
        self.given: dict[str, Any] = {}
        rc = folder / "cli.tfrc"
        rc.write_text(
            "provider_installation {\n"
            f'  filesystem_mirror {{ path = "{plugins or plugin_folder()}" }}\n'
            "}\n"
        )
        self.environment = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "TF_CLI_CONFIG_FILE": str(rc),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if endpoint is not None:
            self.environment["AWS_ENDPOINT_URL"] = endpoint
            self.environment["AWS_S3_USE_PATH_STYLE"] = "true"

    def variables(self, **given: Any) -> None:
        """Writes terraform.tfvars.json."""
        self.given = given
        (self.root / "terraform.tfvars.json").write_text(json.dumps(given))

    def run(self, *arguments: str, seconds: float = 600, check: bool = True) -> str:
        """Standard output of a command; AssertionError with all it said when it fails."""
        done = subprocess.run(
            [self._binary, *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"terraform {' '.join(arguments)} ended with {done.returncode}\n"
                f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
            )
        return done.stdout

    def init(self) -> None:
        """Installs the provider and the modules."""
        self.run("init", "-no-color")

    def plan(self, *arguments: str) -> dict[str, Any]:
        """A plan, as JSON."""
        self.run("plan", "-no-color", "-out=plan", *arguments)
        plan: dict[str, Any] = json.loads(self.run("show", "-json", "plan"))
        return plan

    def apply(self, *arguments: str) -> None:
        """Applies the last plan."""
        self.run("apply", "-no-color", "-parallelism=20", *arguments, "plan")

    def outputs(self) -> dict[str, Any]:
        """Values of the outputs."""
        return {key: one["value"] for key, one in json.loads(self.run("output", "-json")).items()}

    def destroy(self) -> None:
        """Destroys all of it."""
        self.run("destroy", "-no-color", "-auto-approve", "-parallelism=20", "-refresh=false")


if __name__ == "__main__":
    import sys

    try:
        terraform_binary()
        plugin_folder()
    except MissingError as error:
        sys.exit(f"scripts/test-terraform: {error}")
