"""`python -m bench start`: how soon a mesh plays and learns, and what its start costs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psutil
import typer

from bench.children import ending_with_us
from mazemesh.process.ports import free_block

app = typer.Typer()

PORTS = 5
LOOK_SECONDS = 0.05
_opener = build_opener(ProxyHandler({}))  # no proxy knows the pages of this machine
# Both stand on their pages from the start, at 0.
PLAYED = ("game", "mazemesh_game_games_finished_total")
LEARNED = ("learner", "mazemesh_learner_updates_total")
LINES = {
    "listening": "serves",
    "published": "first version",
    "playing": "plays",
    "training": "trains",
}
"""Lines of the processes' logs, and what they tell."""


@app.command("start")
def start(
    *,
    game: Annotated[str, typer.Option(help="to learn")] = "solo",
    runs: Annotated[int, typer.Option(help="one after the other, each on a new folder", min=1)] = 3,
    cold: Annotated[bool, typer.Option(help="with an empty cache of machine code")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Seconds from `mazemesh up` to the first game and the first update, and processor seconds."""
    reports = [_run(game, cold=cold) for _ in range(runs)]
    report = {
        "bench": "start",
        "game": game,
        "cold": cold,
        "runs": reports,
        "median": {
            name: statistics.median(run[name] for run in reports)
            for name in ("first_game", "first_update", "processor_seconds")
        },
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _run(game: str, *, cold: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        data_dir = Path(folder) / "data"
        environment = ending_with_us()
        if cold:
            environment["NUMBA_CACHE_DIR"] = str(Path(folder) / "numba")
        began = time.time()
        process = subprocess.Popen(
            _command(game, data_dir),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        try:
            pages = _pages(data_dir, process)
            first_game = _wait(pages, *PLAYED, process) - began
            first_update = _wait(pages, *LEARNED, process) - began
            spent = _spent(process.pid)
        finally:
            process.terminate()
            process.wait()
        return {
            "first_game": round(first_game, 2),
            "first_update": round(first_update, 2),
            "processor_seconds": round(sum(spent.values()), 2),
            "by_process": {name: round(value, 2) for name, value in spent.items()},
            "events": _events(data_dir / "logs", began),
        }


def _command(game: str, data_dir: Path) -> list[str]:
    return [
        *(str(Path(sys.executable).with_name("mazemesh")), "up", "--game", game, "--plain"),
        *("--data-dir", str(data_dir), "--port-base", str(free_block(PORTS)[0]), "--seed", "1"),
    ]


def _pages(data_dir: Path, process: subprocess.Popen[bytes]) -> Mapping[str, int]:
    """The ports of the processes' metrics, as soon as the mesh has noted them."""
    note = data_dir / "mesh.json"
    while not note.exists():
        _look(process)
    ports: dict[str, int] = json.loads(note.read_text())["metrics_ports"]
    return ports


def _wait(
    pages: Mapping[str, int], name: str, counter: str, process: subprocess.Popen[bytes]
) -> float:
    """When a process' counter was first seen above 0."""
    while True:
        try:
            with _opener.open(f"http://127.0.0.1:{pages[name]}/metrics", timeout=5) as page:
                lines = page.read().decode().splitlines()
        except (URLError, OSError):
            lines = []
        if any(line.startswith(counter) and float(line.split()[-1]) > 0 for line in lines):
            return time.time()
        _look(process)


def _look(process: subprocess.Popen[bytes]) -> None:
    """A pause between two looks; RuntimeError when the mesh has ended."""
    try:
        raise RuntimeError(f"mazemesh up ended with {process.wait(LOOK_SECONDS)}")
    except subprocess.TimeoutExpired:
        return


def _spent(pid: int) -> dict[str, float]:
    """Processor seconds so far, by process."""
    spent = {}
    for one in (parent := psutil.Process(pid), *parent.children(recursive=True)):
        times, words = one.cpu_times(), one.cmdline()
        module = words.index("-m") + 1 if "-m" in words else 0
        name = "supervisor" if one is parent else " ".join(words[module:][:2]).split(" --")[0]
        spent[name.removeprefix("services.")] = times.user + times.system
    return spent


def _events(logs: Path, began: float) -> dict[str, float]:
    """Seconds until each process first said what `LINES` names."""
    events: dict[str, float] = {}
    for log in sorted(logs.glob("*.log")):
        for line in log.read_text().splitlines():
            said = json.loads(line) if line.startswith("{") else {}
            name = f"{log.stem} {LINES.get(said.get('event', ''))}"
            if said.get("event") in LINES and name not in events:
                at = datetime.fromisoformat(said["timestamp"]).timestamp()
                events[name] = round(at - began, 2)
    return dict(sorted(events.items(), key=lambda item: item[1]))


def _as_text(report: Mapping[str, Any]) -> str:
    lines = []
    for run in report["runs"]:
        lines.append(
            f"first game {run['first_game']:.2f} s, first update {run['first_update']:.2f} s, "
            f"{run['processor_seconds']:.2f} processor seconds"
        )
        lines += [
            "  " + ", ".join(f"{name} {value}" for name, value in run[kind].items())
            for kind in ("by_process", "events")
        ]
    return "\n".join(lines)
