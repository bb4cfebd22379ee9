"""A stand-in for a learner or an actor: `python -m tests.servers.gateway.jobs.practice ROLE ...`.

It does what the runner rests on, and nothing else: journal, checkpoint, `finished`, exit statuses,
signals, an actor's page of metrics, and crashes when it is told so.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, start_http_server

from mazemesh.process.parent import PARENT_VARIABLE


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["learner", "actor", "tune"])
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--policy", default="practice")
    parser.add_argument("--crash-at", type=int, default=0)
    parser.add_argument("--refuse", action="store_true")
    parser.add_argument("--metrics-port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.01)
    told = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    assert os.environ[PARENT_VARIABLE] == str(os.getppid())
    if told.refuse:
        line = {"level": "error", "event": "cannot start: width = 1 is wrong"}
        sys.stderr.write(json.dumps(line) + "\n")
        sys.exit(2)
    {"learner": learn, "actor": play, "tune": search}[told.role](told, stop)


def learn(told: argparse.Namespace, stop: threading.Event) -> None:
    folder = Path(os.environ["MAZEMESH_DATA_DIR"]) / "learner" / told.policy
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, finished = folder / "checkpoint", folder / "finished"
    finished.unlink(missing_ok=True)
    steps = int(checkpoint.read_text()) if checkpoint.exists() else 0
    crashed = folder / "crashed"
    keys = [os.environ.get("MAZEMESH_KEY_FILE", "-"), os.environ.get("MAZEMESH_KEY", "-")]
    sys.stderr.write(f"begins at {steps} with {' '.join(keys)}\n")
    sys.stderr.flush()
    with (folder / "metrics.jsonl").open("a") as journal:
        while not stop.wait(told.pace):
            steps += 10
            line = {
                "time": time.time(),
                "agent_steps": steps,
                "training_step": steps // 10,
                "version": steps // 100 + 1,
                "episode_reward": 0.5,
                "episode_success": 0.25,
                "policy_loss": -0.1,
            }
            journal.write(json.dumps(line) + "\n")
            journal.flush()
            checkpoint.write_text(str(steps))
            if told.crash_at and steps >= told.crash_at and not crashed.exists():
                crashed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if told.steps and steps >= told.steps:
                finished.touch()
                return
    (folder / "saved").write_text(str(steps))


def search(told: argparse.Namespace, stop: threading.Event) -> None:
    folder = Path(os.environ["MAZEMESH_DATA_DIR"]) / "tune" / told.policy
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "progress.jsonl").open("a") as journal:
        for finished in range(4):
            line = {"time": time.time(), "finished": finished, "trials": 3}
            journal.write(json.dumps(line) + "\n")
            journal.flush()
            stop.wait(told.pace)


def play(told: argparse.Namespace, stop: threading.Event) -> None:
    registry = CollectorRegistry()
    episodes = Counter("mazemesh_actor_episodes", "Ended.", registry=registry)
    start_http_server(told.metrics_port, "127.0.0.1", registry)
    while not stop.wait(told.pace):
        episodes.inc()


if __name__ == "__main__":
    main()
