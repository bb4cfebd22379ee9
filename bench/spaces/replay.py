"""Unrolls of races through Replay, as bytes and as bits, in turn."""

from __future__ import annotations

import statistics
from contextlib import ExitStack

import numpy as np

from bench.pinned import PinnedServer
from bench.replay.load import drive
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.experience import unroll_signature
from mazemesh.games import GameSettings, get_game
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.spaces.packings import packings
from mazemesh.packing.rows import pack
from mazemesh.wire.packed_signatures import packed_signature
from mazemesh.wire.stored_columns import StoredColumns
from mazemesh.wire.tensors import Signature

UNROLL = 32
_IN_FLIGHT = 2


def replay(server: PinnedServer, rows: int, seconds: float, turns: int) -> dict[str, object]:
    """Rows a second that are inserted, drawn, and learned from as plain columns."""
    spec = get_game("race").spec(GameSettings())
    plain = unroll_signature(
        UNROLL, spec.observation_space, spec.action_space, opponents=spec.seats > 1
    )
    found = packings(spec)
    assert found is not None
    signatures = {"plain": plain, "packed": packed_signature(plain, found)}
    columns = {"plain": _rows(plain, rows)}
    seen = {
        name: pack(found.by_name["observation"], column)
        for name, column in columns["plain"].items()
        if name.endswith("observation")
    }
    columns["packed"] = {**columns["plain"], **seen}  # as an actor has it
    rates: dict[str, dict[str, list[float]]] = {
        side: {"insert": [], "sample": []} for side in signatures
    }
    with ExitStack() as stack:
        client = ReplayClient(server.address)
        stack.callback(client.close)
        for side, signature in signatures.items():
            _fill(client, side, signature, columns[side], rows)
        for _ in range(turns):
            for side, signature in signatures.items():
                for load in ("insert", "sample"):
                    rate = _rate(server, client, side, signature, columns[side], load, seconds)
                    rates[side][load].append(rate)
    medians = {
        side: {load: statistics.median(values) for load, values in loads.items()}
        for side, loads in rates.items()
    }
    ratios = {
        load: medians["packed"][load] / medians["plain"][load] for load in ("insert", "sample")
    }
    return {
        "ratio": _both(medians["packed"]) / _both(medians["plain"]),
        "row_bytes": {side: signature.row_bytes for side, signature in signatures.items()},
        "ratios": ratios,
        "rows_per_second": medians,
    }


def _both(rates: dict[str, float]) -> float:
    """Rows a second that are inserted and then drawn once."""
    return 1 / (1 / rates["insert"] + 1 / rates["sample"])


def _fill(
    client: ReplayClient,
    table: str,
    signature: Signature,
    columns: dict[str, np.ndarray],
    rows: int,
) -> None:
    client.create_table(
        tables.prioritized(
            table, signature, 16 * rows, min_size=1, samples_per_insert=1.0, error_buffer=1e18
        )
    )
    with client.writer(table, signature) as writer:
        for _ in range(20):
            writer.append(columns)


def _rate(
    server: PinnedServer,
    client: ReplayClient,
    table: str,
    signature: Signature,
    columns: dict[str, np.ndarray],
    load: str,
    seconds: float,
) -> float:
    rows = len(columns["reward"])
    with ExitStack() as stack:
        if load == "insert":
            writer = stack.enter_context(client.writer(table, signature))

            def step() -> int:
                writer.append(columns)
                return rows

        else:
            sampler = stack.enter_context(client.sampler(table, signature, rows, _IN_FLIGHT))

            def step() -> int:
                batch = next(sampler)
                if isinstance(batch.columns, StoredColumns):
                    batch.columns.unpack()  # as a learner takes it
                return len(batch)

        done = drive(server, [step], seconds)
    return done.items / done.seconds


def _rows(signature: Signature, rows: int) -> dict[str, np.ndarray]:
    """Unrolls of races played at random."""
    engine = BatchEngine(get_game("race"), None, rows)
    engine.reset(seed=1, game_id=np.arange(rows))
    rng = np.random.default_rng(1)
    columns = {
        spec.name: rng.integers(0, 2, (rows, *spec.shape)).astype(spec.dtype)
        for spec in signature.columns
    }
    for step in range(UNROLL):
        columns["observation"][:, step] = engine.observation[:, 0]
        columns["action_mask"][:, step] = engine.action_mask[:, 0]
        engine.step(rng.integers(0, 5, (rows, 2), dtype=np.int8))
    columns["last_observation"] = engine.observation[:, 0].copy()
    return columns
