"""The peers of the learner: what each installs, and the variants in which it can run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GAMES = ("numba", "pettingzoo", "protobuf", "psutil")
"""What the games need."""


@dataclass(frozen=True)
class System:
    """A peer; its program is `bench/peers/<name>_solo.py`.

    Attributes:
        packages: Installed together with torch and what the games need.
        overriding: Installed last and without dependencies, whatever the packages ask for.
        variants: How the games are played and torch's threads (0: as it chooses), by name.
    """

    packages: tuple[str, ...]
    variants: dict[str, tuple[str, int]]
    overriding: tuple[str, ...] = ()


SYSTEMS = {
    "sb3": System(
        ("stable-baselines3",),
        {"sb3-dummy": ("dummy", 0), "sb3-dummy-1": ("dummy", 1), "sb3-subproc": ("subproc", 0)},
    ),
    "torchrl": System(
        ("torchrl", "gymnasium"),
        {
            "torchrl-vector": ("vector", 0),
            "torchrl-vector-1": ("vector", 1),
            "torchrl-serial": ("serial", 0),
        },
    ),
    # It asks for Gymnasium below 1.0, which the games cannot do with; it runs with a newer one.
    "sample-factory": System(
        ("sample-factory",),
        {"sample-factory-async": ("async", 0), "sample-factory-sync": ("sync", 0)},
        overriding=("gymnasium", "pettingzoo"),
    ),
}

PLAYERS = {
    "sb3": System(
        (
            "stable-baselines3",
            "gymnasium[classic-control]",
            "ale-py",
            "minigrid",
            "opencv-python-headless",
        ),
        {},
    ),
    "skrl": System(("skrl", "mpe2"), {}),
}
"""Peers of `bench algorithms`, with the games that both sides play; each in one way only."""


def program(name: str) -> Path:
    """The program that trains."""
    return ROOT / "bench" / "peers" / f"{name.replace('-', '_')}_solo.py"


def environment(name: str, system: System | None = None) -> Path:
    """The system's Python; installs it under the user's cache on first use.

    Args:
        name: Of its folder, and of the system in `SYSTEMS` unless it is given.
        system: What to install.

    Raises:
        RuntimeError: It does not install; with what pip said.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "mazemesh-bench" / name
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if done.exists():
        return python
    system = system or SYSTEMS[name]
    _call([sys.executable, "-P", "-m", "venv", "--clear", str(folder)])
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line]
    # torch first and pinned, in builds too: a peer compares its own code, not another torch.
    torch = next(line for line in pins if line.startswith("torch=="))
    constraint = folder / "torch.txt"
    constraint.write_text(torch + "\n")
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    _call([*pip, torch], constraint)
    _call([*pip, "torch", *system.packages, *GAMES], constraint)
    if system.overriding:
        newer = [pin for pin in pins if pin.split("==")[0] in system.overriding]
        _call([*pip, "--no-deps", *newer], constraint)
    done.touch()
    return python


def _call(command: list[str], constraint: Path | None = None) -> None:
    pinned = {"PIP_CONSTRAINT": str(constraint)} if constraint else {}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **pinned}
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:5])} ...: {done.stderr[-1000:]}")
