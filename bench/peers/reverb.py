"""One load on DeepMind Reverb; run by `bench.replay.peer` with the Python that has it.

The server has core 0, the callers core 1, as in `command`. Writers are TrajectoryWriters that
let a batch of items be under way before they wait; readers are TimestepDatasets with three batches
in flight.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import sys
import threading
import time
import traceback
from typing import Any

import numpy as np
import psutil

TABLE = "bench"


def serve(port: int, what: dict[str, Any], ready: Any, stop: Any) -> None:
    os.sched_setaffinity(0, {0})
    import reverb

    table = reverb.Table(
        name=TABLE,
        sampler=reverb.selectors.Prioritized(0.6),
        remover=reverb.selectors.Fifo(),
        max_size=what["capacity"],
        rate_limiter=reverb.rate_limiters.MinSize(1),
    )
    server = reverb.Server([table], port=port)
    ready.set()
    stop.wait()
    server.stop()


def rows(what: dict[str, Any]) -> dict[str, np.ndarray]:
    size = (what["row_bytes"] - 24) // 2
    rng = np.random.default_rng(1)
    batch = what["batch"]
    return {
        "observation": rng.integers(0, 3, (batch, size)).astype(np.uint8),
        "next_observation": rng.integers(0, 3, (batch, size)).astype(np.uint8),
        "action": rng.integers(0, 3, batch),
        "reward": rng.integers(0, 3, batch).astype(np.float64),
        "discount": rng.integers(0, 3, batch).astype(np.float64),
    }


class Callers:
    def __init__(self, address: str, what: dict[str, Any]) -> None:
        import reverb

        self.reverb = reverb
        self.address = address
        self.what = what
        self.batch = what["batch"]
        columns = rows(what)
        self.rows = [{k: v[i] for k, v in columns.items()} for i in range(self.batch)]
        self.priorities = np.random.default_rng(2).uniform(0.1, 2.0, self.batch)

    def writer(self) -> Any:
        """A function that inserts one batch."""
        client = self.reverb.Client(self.address)
        writer = client.trajectory_writer(num_keep_alive_refs=1)

        def step() -> int:
            for row, priority in zip(self.rows, self.priorities, strict=True):
                writer.append(row)
                writer.create_item(
                    TABLE, priority, {name: column[-1:] for name, column in writer.history.items()}
                )
            writer.flush(self.batch)
            return self.batch

        return step

    def reader(self) -> Any:
        """A function that samples one batch, and updates its priorities in a mixed load."""
        client = self.reverb.Client(self.address)
        import tensorflow as tf

        row = self.rows[0]
        dataset = self.reverb.TimestepDataset(
            self.address,
            TABLE,
            dtypes={name: value.dtype for name, value in row.items()},
            shapes={name: tf.TensorShape(value.shape) for name, value in row.items()},
            max_in_flight_samples_per_worker=3 * self.batch,
        )
        batches = dataset.batch(self.batch).prefetch(2).as_numpy_iterator()

        def step() -> int:
            sample = next(batches)
            if self.what["writers"]:
                updates = dict(zip(sample.info.key.tolist(), self.priorities.tolist(), strict=True))
                client.mutate_priorities(TABLE, updates=updates)
            return self.batch

        return step


def drive(steps: list[Any], seconds: float) -> float:
    """Items a second, after a quarter of the time to warm up."""
    start = time.perf_counter() + min(0.5, seconds / 4)
    end = start + seconds
    counts = [0] * len(steps)

    def loop(number: int) -> None:
        while (begun := time.perf_counter()) < end:
            moved = steps[number]()
            if begun >= start:
                counts[number] += moved

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def main() -> None:
    what = json.loads(sys.argv[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    server = context.Process(target=serve, args=(port, what, ready, stop))
    server.start()
    status = 1
    try:
        if not ready.wait(60):
            raise RuntimeError("the server did not start")
        print(json.dumps(measure(server.pid, port, what)), flush=True)
        status = 0
    except Exception:  # told here, as the process ends without the interpreter's own end
        traceback.print_exc()
    finally:
        server.kill()
        # The interpreter would wait for TensorFlow's threads.
        os._exit(status)


def measure(server: int, port: int, what: dict[str, Any]) -> dict[str, float]:
    os.sched_setaffinity(0, {1})
    memory = psutil.Process(server).memory_info
    before = memory().rss
    callers = Callers(f"localhost:{port}", what)
    fill = callers.writer()
    filled = what["capacity"]
    for _ in range(-(-filled // what["batch"])):
        fill()
    used = (memory().rss - before) / filled
    steps = [callers.writer() for _ in range(what["writers"])]
    steps += [callers.reader() for _ in range(what["readers"])]
    # A dataset takes a second to build its graph; that is not its speed.
    for step in steps:
        for _ in range(10):
            step()
    rate = drive(steps, what["seconds"])
    if rate <= 0:
        raise RuntimeError(f"no items moved in {what}")
    return {"items_per_second": rate, "bytes_per_item": used}


if __name__ == "__main__":
    main()
