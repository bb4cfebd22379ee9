"""A profile's folder on the operator's machine: Terraform's files, settings and state."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mazemesh.errors import FailedPrecondition, InvalidArgument, Unavailable
from mazemesh.process.interpreter import run_module
from supervisor.cloud.files import checkout, shipped

PROFILES: Final = ("hobby", "development", "production")
_SETTINGS: Final = "terraform.tfvars.json"
_KEPT: Final = (".terraform", ".terraform.lock.hcl", _SETTINGS, "backend.tf.json")
_SECONDS: Final = 3600.0

Say = Callable[[str], None]


class Workspace:
    """Terraform on one profile.

    Args:
        folder: Of all profiles; each has a folder in it.
        profile: hobby, development or production.

    Raises:
        InvalidArgument: there is no such profile.
    """

    def __init__(self, folder: Path, profile: str) -> None:
        if profile not in PROFILES:
            raise InvalidArgument(f"profile: {profile!r} should be one of {', '.join(PROFILES)}")
        self.profile = profile
        self.folder = folder.expanduser().absolute() / profile
        self.root = self.folder / "terraform" / "profiles" / profile

    @property
    def exists(self) -> bool:
        """Whether `init` was here."""
        return (self.root / _SETTINGS).exists()

    def lay_out(self) -> None:
        """Copies Terraform's files, over those of an older version; settings and state stay."""
        source = shipped("terraform")
        for part in ("modules", f"profiles/{self.profile}"):
            target = self.folder / "terraform" / part
            if part == "modules" and target.exists():
                shutil.rmtree(target)
            shutil.copytree(
                source / part,
                target,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns(*_KEPT, "*.tfstate*", "__pycache__"),
            )

    def settings(self) -> dict[str, Any]:
        """What `init` wrote.

        Raises:
            FailedPrecondition: it was not here.
        """
        if not self.exists:
            raise FailedPrecondition(
                f"{self.folder} has no {self.profile}; `mazemesh cloud init --profile "
                f"{self.profile}` makes it"
            )
        settings: dict[str, Any] = json.loads((self.root / _SETTINGS).read_text())
        return settings

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Of the variables of the profile; its own defaults hold for the rest."""
        (self.root / _SETTINGS).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")

    def keep_state_in(self, bucket: str, region: str) -> None:
        """Has the state lie in a bucket instead of this folder."""
        backend = {
            "bucket": bucket,
            "key": f"{self.profile}.tfstate",
            "region": region,
            "encrypt": True,
            "use_lockfile": True,
        }
        text = json.dumps({"terraform": {"backend": {"s3": backend}}}, indent=2)
        (self.root / "backend.tf.json").write_text(text + "\n")

    def init(self) -> None:
        """`terraform init`."""
        self._run("init", "-no-color")

    def plan(self, *, destroy: bool = False) -> dict[str, Any]:
        """A plan, kept for `apply`, as JSON."""
        self._run("plan", "-no-color", "-out=plan", *(["-destroy"] if destroy else []))
        plan: dict[str, Any] = json.loads(self._run("show", "-json", "plan"))
        return plan

    def apply(self, say: Say) -> None:
        """Carries out the plan; tells each resource."""
        for event in self._events("apply", "-json", "plan"):
            text = _told(event)
            if text:
                say(text)

    def outputs(self) -> dict[str, Any]:
        """Values of the outputs; empty where nothing was applied."""
        told = json.loads(self._run("output", "-json"))
        return {name: one["value"] for name, one in told.items()}

    def _run(self, *arguments: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603
                [_terraform(), *arguments],
                cwd=self.root,
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"terraform {arguments[0]} has not ended within {_SECONDS:g} s"
            ) from error
        if done.returncode != 0:
            raise FailedPrecondition(_failure(arguments[0], done.stderr or done.stdout))
        return done.stdout

    def _events(self, *arguments: str) -> Iterator[dict[str, Any]]:
        process = subprocess.Popen(  # noqa: S603
            [_terraform(), *arguments],
            cwd=self.root,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        problems = []
        try:
            for line in process.stdout:
                event = _event(line)
                if event.get("@level") == "error":
                    problems.append(str(event.get("@message", "")))
                yield event
        finally:
            # Ctrl-C reaches Terraform as well, which ends what it has begun.
            code = process.wait()
        if code != 0:
            raise FailedPrecondition(_failure(arguments[0], "\n".join(problems)))


def build_wheel(folder: Path, given: Path | None) -> Path:
    """The wheel that the machines install: as given, else built of the checkout.

    Raises:
        InvalidArgument: none is given and there is no checkout, or it is no file.
        FailedPrecondition: it cannot be built.
    """
    if given is not None:
        if not given.is_file():
            raise InvalidArgument(f"wheel: {given} should be a file")
        return given.absolute()
    source = checkout()
    if source is None:
        raise InvalidArgument(
            "wheel: mazemesh is installed, not a checkout; download its wheel "
            "(`pip download --no-deps mazemesh`) and name it by --wheel"
        )
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.whl"))
    command = run_module("hatchling", "build", "-t", "wheel", "-d", str(folder))
    done = subprocess.run(  # noqa: S603
        command, cwd=source, capture_output=True, text=True, check=False, timeout=300
    )
    found = sorted(folder.glob("mazemesh-*.whl"), key=lambda one: one.stat().st_mtime)
    if done.returncode != 0 or not found:
        raise FailedPrecondition(_failure("hatchling build", done.stderr))
    for old in before - {found[-1]}:
        old.unlink()
    return found[-1]


def _terraform() -> str:
    found = shutil.which("terraform")
    if found is None:
        raise FailedPrecondition(
            "terraform is not installed: 1.11 or newer, from its makers' download page or a "
            "package manager"
        )
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {"@level": "error", "@message": line.strip()} if line.strip() else {}
    return event if isinstance(event, dict) else {}


def _told(event: Mapping[str, Any]) -> str:
    if event.get("type") in ("apply_complete", "apply_errored", "change_summary"):
        return str(event.get("@message", ""))
    return ""


def _failure(command: str, text: str) -> str:
    return f"terraform {command} failed:\n{text.strip()[-4000:]}"


def changes(plan: Mapping[str, Any]) -> dict[str, int]:
    """How many resources are created, changed, replaced and deleted."""
    counts = {"create": 0, "change": 0, "replace": 0, "delete": 0}
    for one in plan.get("resource_changes", []):
        kind = _kind(one["change"]["actions"])
        if kind:
            counts[kind] += 1
    return counts


def _kind(actions: Sequence[str]) -> str:
    if {"create", "delete"} <= set(actions):
        return "replace"
    named = {"create": "create", "update": "change", "delete": "delete"}
    return named.get(actions[0], "")
