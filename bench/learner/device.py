"""`python -m bench learner-device`: what a device makes of the learner's updates, by itself."""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
import time
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer

from learner.algorithms import registry
from learner.bases.learner import Learner
from learner.device.gpu import gpu_statistics
from learner.device.place import Place
from learner.loop.building import choose_place, make
from learner.loop.prefetch import Prefetcher
from learner.network.architecture import Precision, initial_parameters
from learner.network.gradients.descent import ALONE
from learner.ports import Priorities
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.v1 import replay_pb2
from mazemesh.wire.tensors import Signature

app = typer.Typer()

ALGORITHMS = ("ppo", "recurrent-ppo", "impala", "dqn", "r2d2")
FIRST_UPDATES = 4
"""After which a GPU's work is recorded."""

LARGE: dict[str, dict[str, float]] = {
    "ppo": {"unrolls_per_batch": 1024, "unroll_length": 64, "minibatch_size": 16_384},
    "recurrent-ppo": {"unrolls_per_batch": 1024, "minibatch_size": 8_192, "memory": 512},
    "impala": {"unrolls_per_batch": 512},
    "dqn": {"minibatch_size": 16_384},
    "r2d2": {"minibatch_size": 512, "memory": 512},
}
"""Batches that keep a large GPU busy."""

LARGE_HIDDEN = [1024, 1024, 1024]


@dataclass(frozen=True)
class Batch:
    """Rows as an actor could have written them (`learner.ports.Batch`)."""

    columns: dict[str, np.ndarray[Any, Any]]
    keys: np.ndarray[Any, np.dtype[np.uint64]]
    probabilities: np.ndarray[Any, np.dtype[np.float64]]
    policy_versions: np.ndarray[Any, np.dtype[np.int64]]
    table_size: int


class Endless:
    """A Replay that has a few batches and gives them in turn (`ports.ExperienceSource`)."""

    def __init__(self, run: Run) -> None:
        self._batches = itertools.cycle([random_batch(run, seed) for seed in range(3)])

    def create_table(self, table: replay_pb2.Table) -> bool:
        """It is there."""
        return False

    def sample(
        self,
        table: str,
        batch_size: int,
        *,
        signature: Signature,
        timeout: float | None = None,
        priority_updates: Priorities | None = None,
    ) -> Batch:
        """The next one."""
        return next(self._batches)


def random_batch(run: Run, seed: int) -> Batch:
    """All actions legal, each as likely; episodes end now and then."""
    rng, rows, actions = np.random.default_rng(seed), run.batch_rows, run.architecture.num_actions
    columns: dict[str, Any] = {}
    for column in run.signature.columns:
        shape = (rows, *column.shape)
        if column.name.endswith("action_mask"):
            columns[column.name] = np.ones(shape, column.dtype)
        elif column.name == "action":
            columns[column.name] = rng.integers(0, actions, shape).astype(column.dtype)
        elif column.name == "behaviour_log_probability":
            columns[column.name] = np.full(shape, -np.log(actions), column.dtype)
        elif column.dtype == np.dtype(bool):
            columns[column.name] = rng.random(shape) < 0.05
        elif column.dtype == np.dtype(np.float32):
            columns[column.name] = rng.normal(size=shape).astype(np.float32)
        else:
            columns[column.name] = rng.integers(0, 256, shape).astype(column.dtype)
    likely = np.full(rows, 1.0 / rows)
    keys = np.arange(rows, dtype=np.uint64)
    return Batch(columns, keys, likely, np.ones(rows, np.int64), rows)


@dataclass(frozen=True)
class Variant:
    """A way to compute."""

    precision: Precision = "auto"
    records: bool = True
    fuses: bool = False

    def place(self, run: Run, device: Literal["cpu", "cuda"]) -> Place:
        """Where and how; torch is told."""
        found = choose_place(run, device, ALONE, self.precision, fuse=self.fuses)
        return dataclasses.replace(found, records=self.records)


ON_GPU = (
    Variant(records=False),
    Variant("float32"),
    Variant("auto"),
    Variant("bfloat16"),
    Variant("auto", fuses=True),
)
ON_PROCESSOR = (Variant("float32"), Variant("bfloat16"))


@app.command()
def learner_device(
    *,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    algorithm: Annotated[
        list[str] | None, typer.Option(help="repeatable", show_default="all")
    ] = None,
    size: Annotated[str, typer.Option(help="preset, or large: three layers of 1024")] = "preset",
    seconds: Annotated[float, typer.Option(help="of each measurement", min=0.01)] = 3.0,
    fuse: Annotated[bool, typer.Option(help="measure torch.compile too; it takes a while")] = True,
    threads: Annotated[int, typer.Option(help="of torch on the processor", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Updates of each algorithm, on batches that a thread brings ahead, as in the learner.

    Precisions, and on a GPU also without recording and with compiling. A sample is a row of a
    gradient step: PPO goes through each several times.
    """
    if size not in ("preset", "large"):
        raise typer.BadParameter(
            f"{size!r} is unknown; choose preset or large", param_hint="--size"
        )
    for name in algorithm or ():
        if name not in ALGORITHMS:
            known = ", ".join(ALGORITHMS)
            raise typer.BadParameter(
                f"{name!r} is unknown; choose {known}", param_hint="--algorithm"
            )
    torch.set_num_threads(threads)
    there = torch.cuda.is_available()
    where: Literal["cpu", "cuda"] = (
        "cuda" if device == "cuda" or (there and device != "cpu") else "cpu"
    )
    variants = [v for v in (ON_GPU if where == "cuda" else ON_PROCESSOR) if fuse or not v.fuses]
    lines = []
    for name in ALGORITHMS:
        if not algorithm or name in algorithm:
            run = prepared(name, large=size == "large")
            for variant in variants:
                if variant.fuses and not registry.find(name).fuses:
                    continue
                lines.append({"algorithm": name, **measure(run, variant, where, seconds)})
                if not as_json:
                    print(as_text(lines[-1]), flush=True)
    report = {
        "bench": "learner-device",
        "device": torch.cuda.get_device_name() if where == "cuda" else "cpu",
        "torch": torch.__version__,
        "size": size,
        "runs": lines,
    }
    if as_json:
        print(json.dumps(report))


def prepared(algorithm: str, *, large: bool) -> Run:
    """The preset for race, or what keeps a large GPU busy."""
    return Run.of(
        LearnerSettings(
            game="race",
            algorithm=algorithm,
            hidden=LARGE_HIDDEN if large else None,
            hyperparameters=LARGE[algorithm] if large else {},
        )
    )


def measure(
    run: Run, variant: Variant, device: Literal["cpu", "cuda"], seconds: float
) -> dict[str, Any]:
    """One variant: updates until everything is recorded, then as many as fit into the time."""
    place = variant.place(run, device)
    learner = make(run, initial_parameters(run.architecture, 0), place)
    stop = threading.Event()
    prefetcher = Prefetcher(Endless(run), run.table, run.signature, run.batch_rows, stop)
    prefetcher.send = place.send
    prefetcher.start()
    try:
        began = time.perf_counter()
        for _ in range(FIRST_UPDATES):
            update(learner, prefetcher)
        first = time.perf_counter() - began
        count, waited = 0, 0.0
        began, processor = time.perf_counter(), time.thread_time()
        while count < 2 or time.perf_counter() - began < seconds:
            waited += update(learner, prefetcher)
            count += 1
        took = (time.perf_counter() - began) / count
        processor = (time.thread_time() - processor) / count
    finally:
        stop.set()
        prefetcher.close(5)
    samples = samples_per_update(run)
    return {
        **dataclasses.asdict(variant),
        "products": str(place.products).removeprefix("torch."),
        "rows": run.batch_rows,
        "update_ms": took * 1e3,
        "processor_ms": processor * 1e3,
        "waiting_share": waited / count / took,
        "samples_per_second": samples / took,
        # Forward, and backward twice: a product and a sum for each weight.
        "teraflops": 6 * weights(learner) * samples / took / 1e12,
        "first_updates_seconds": first,
        **gpu_statistics(place.device),
    }


def update(learner: Learner, prefetcher: Prefetcher) -> float:
    """One update; the seconds spent on waiting for its batch."""
    began = time.perf_counter()
    batch = prefetcher.next(60.0)
    waited = time.perf_counter() - began
    assert batch is not None
    found = learner.update(batch)
    if found.priorities is not None:
        prefetcher.update_priorities((batch.keys, found.priorities))
    return waited


def samples_per_update(run: Run) -> int:
    """Rows of all gradient steps of an update; of sequences and unrolls, their steps."""
    config = run.config
    sequences = getattr(config, "sequence_length", 1) - getattr(config, "burn_in", 0)
    steps = getattr(config, "unroll_length", sequences)
    return int(getattr(config, "epochs", 1) * run.batch_rows * steps)


def weights(learner: Learner) -> int:
    """Of the matrices."""
    return sum(each.numel() for each in learner.network.parameters() if each.ndim == 2)


def as_text(line: dict[str, Any]) -> str:
    """One measurement."""
    ways = [line["precision"], *(name for name in ("records", "fuses") if line[name])]
    return (
        f"{line['algorithm']:14s}{' '.join(ways):24s}{line['update_ms']:10.2f} ms"
        f"{line['samples_per_second'] / 1e6:9.3f} M samples/s{line['teraflops']:8.2f} TFLOP/s"
        f"{line['first_updates_seconds']:8.1f} s at first"
    )
