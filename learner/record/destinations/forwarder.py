"""Forwards a run's record to one destination, in a process of its own that `tracking` starts.

Sends what is new every few seconds and ends when its standard input does, after a last attempt.
By hand, for a run whose tracking server was away to its end:

    python -m learner.record.destinations.forwarder --folder RUN --uri URI </dev/null

RUN is a run's folder, as `.mazemesh/learner/race`.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path

from learner.record.destinations.destination import Destination
from learner.record.destinations.forwarding import Fetch, forward
from learner.record.destinations.opening import open_destination
from mazemesh.client.addresses import Addresses

POLL_SECONDS = 5.0
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0


def main() -> None:
    """Forwards until standard input ends; a failure is told once and tried again later."""
    options = _options()
    os.nice(10)
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    destination: Destination | None = None
    fetch = fetch_from(options.model_address)
    failing, pause = False, POLL_SECONDS
    while True:
        last = ended.is_set()
        try:
            destination = destination or open_destination(options.uri, options.artifacts)
            logs = sorted(options.logs.glob("evaluator-*.log")) if options.logs else []
            forward(options.folder, options.uri, destination, fetch=fetch, logs=logs)
            if last:
                destination.close()
            if failing:
                sys.stderr.write(f"tracking at {options.uri} has caught up\n")
            failing, pause = False, POLL_SECONDS
        except Exception as error:  # a tracking server fails in any way; training goes on
            if not failing:
                sys.stderr.write(f"tracking at {options.uri} is behind and tries again: {error}\n")
            pause = min(2 * pause, options.longest_retry) if failing else FIRST_RETRY_SECONDS
            failing = True
        if last:
            sys.exit(1 if failing else 0)
        ended.wait(pause)


def fetch_from(address: str) -> Fetch:
    """Files from the Model service, connected to at the first one."""
    from mazemesh.client.model import ModelClient
    from mazemesh.errors import FailedPrecondition, NotFound

    client: ModelClient | None = None

    def fetch(policy: str) -> bytes | None:
        nonlocal client
        client = client or ModelClient(address)
        try:
            return client.get(policy)[1]
        except (NotFound, FailedPrecondition):
            return None

    return fetch


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="of the run")
    parser.add_argument(
        "--uri", required=True, help="of MLflow, tensorboard:FOLDER or wandb:PROJECT"
    )
    parser.add_argument(
        "--artifacts", default="", help="where a local database keeps files, a URI; of W&B a folder"
    )
    parser.add_argument("--model-address", default=Addresses.local().model, help="of Model")
    parser.add_argument("--logs", type=Path, help="folder of evaluators' logs")
    parser.add_argument(
        "--longest-retry",
        type=float,
        default=LONGEST_RETRY_SECONDS,
        help="seconds between two attempts at most, while they fail",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
