"""schemathesis asks all that the description of REST allows, and more: scripts/test-openapi.

All operations, one after the other, each with all phases; that takes long, so the suite's own run
(test_openapi.py) is a few cases of each. Arguments: parts of operations that are asked, as
`"POST /jobs"` or `/policies`; none: all.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.servers.gateway.world import Services, gateway, publish, rate, services

CONFIG = Path(__file__).with_name("schemathesis.toml")
_PHASES = "examples,coverage,fuzzing"
_EXAMPLES = 25
_SECONDS = 300.0

# A gateway that takes thousands of requests, and holds no answer back.
PATIENT: dict[str, Any] = {
    "requests_per_second_address": 100_000,
    "commands_per_minute": 100_000,
    "longest_wait_seconds": 0.2,
}


def ask(
    url: str, *, phases: str, examples: int, seconds: float, more: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """A run of schemathesis against a gateway; its status is 0 where nothing failed."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{url}/openapi.json", "--phases", phases),
            *("--max-examples", str(examples), "--seed", "1", "--request-timeout", "60"),
            *("--no-color", "--warnings", "off", "--generation-database", "none", *more),
        ],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def operations(url: str) -> list[str]:
    """Of a gateway: `GET /policies`."""
    paths = httpx.get(f"{url}/openapi.json", timeout=60).json()["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


def main(wanted: Sequence[str]) -> int:
    """Asks each operation; how many failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="asking-") as folder, services(Path(folder)) as world:
        _fill(world)
        with gateway(world, **PATIENT) as url:
            names = [
                one for one in operations(url) if not wanted or any(part in one for part in wanted)
            ]
            for name in names:
                told = _asked(url, name)
                _say(f"{name}: {'FAILED' if told else 'ok'}")
                if told:
                    failed.append(name)
                    _say(told)
    _say(f"{len(names)} operations asked, {len(failed)} failed: {', '.join(failed) or 'none'}")
    return len(failed)


def _asked(url: str, name: str) -> str:
    """What failed at an operation; empty: nothing."""
    only = ("--include-name", name)
    try:
        done = ask(url, phases=_PHASES, examples=_EXAMPLES, seconds=_SECONDS, more=only)
    except subprocess.TimeoutExpired:
        return f"it is not through after {_SECONDS:g} s"
    return "" if done.returncode == 0 else done.stdout[-6000:] + done.stderr[-2000:]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _fill(world: Services) -> None:
    publish(world.mesh)
    publish(world.mesh, moves=False)
    rate(world.mesh)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
