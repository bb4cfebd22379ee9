"""What a learner process does: it trains a policy against a running mesh."""

from __future__ import annotations

import sys
import threading

from prometheus_client import CollectorRegistry

from learner.learn import learn
from learner.settings import LearnerSettings
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.model import ModelClient
from mazemesh.client.replay.replay_shards import connect_replay
from mazemesh.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from mazemesh.process.errors import StartError
from mazemesh.process.memory import keep_freed_memory
from mazemesh.process.worker import run_worker


def work(settings: LearnerSettings, registry: CollectorRegistry, stop: threading.Event) -> None:
    """Trains until `stop`.

    Raises:
        StartError: what is refused now would be refused again: whoever starts it should not.
    """
    keep_freed_memory()
    exploits = settings.exploits or settings.exploits_pool
    source, sink = connect_replay(settings.replay_address), ModelClient(settings.model_address)
    matchmaker = MatchmakerClient(settings.matchmaker_address) if exploits else None
    try:
        learn(settings, source, sink, registry, stop, matchmaker)
    except (InvalidArgument, FailedPrecondition, AlreadyExists) as error:
        raise StartError(str(error), exit_code=2) from error
    finally:
        source.close()
        sink.close()
        if matchmaker is not None:
            matchmaker.close()


def main() -> None:
    """Reads the flags, which are `LearnerSettings`, and trains."""
    run_worker(LearnerSettings, work, sys.argv[1:], "python -m learner")
