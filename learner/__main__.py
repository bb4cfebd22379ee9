"""`python -m learner`: trains a policy against a running mesh."""

from __future__ import annotations

import os
import signal
import sys
import threading


def main() -> int:
    """Exit status: 0 after a stop or the last step, 1 when training cannot go on, 2 bad setting."""
    # numpy's and torch's thread pools would fight the services for the cores; see `--threads`.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    from learner.learn import learn
    from learner.settings import parse_settings
    from mazemesh.client.model import ModelClient
    from mazemesh.client.replay import ReplayClient
    from mazemesh.errors import InvalidArgument, MazemeshError
    from services._harness.logging import configure_logging
    from services._harness.parent import stop_with_parent

    try:
        settings = parse_settings(sys.argv[1:])
    except ValueError as error:
        sys.stderr.write(f"learner: {error}\n")
        return 2
    configure_logging("learner", settings.log_format, settings.log_level)
    stop = threading.Event()

    def request_stop(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
    stop_with_parent()
    addresses = settings.addresses
    source, sink = ReplayClient(addresses.replay), ModelClient(addresses.model)
    try:
        learn(settings, source, sink, stop)
    except MazemeshError as error:
        sys.stderr.write(f"learner: {error}\n")
        return 2 if isinstance(error, InvalidArgument) else 1
    finally:
        source.close()
        sink.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
