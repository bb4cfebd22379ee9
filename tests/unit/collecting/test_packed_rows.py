"""What is seen goes packed through every collector: its rows are the plain ones, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mazemesh.collecting.acting import Collector, method
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import OVER, TRUNCATED, Consequence, Decision
from mazemesh.games import GameSettings, get_game
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.spaces.packings import packings
from mazemesh.packing.rows import pack
from mazemesh.v1.model_pb2 import Collection, SequenceCollection, UnrollCollection
from mazemesh.wire.tensors import from_columns, to_columns

GAMES, STEPS = 4, 90
SETTINGS = GameSettings(width=5, height=5, step_limit=9)
SPEC = get_game("race").spec(SETTINGS)
COLLECTIONS = {
    "unroll": Collection(unroll=UnrollCollection(length=8)),
    "transition": Collection(),
    "sequence": Collection(sequence=SequenceCollection(length=8, burn_in=2, n_step=2)),
}
COLLECTIONS["transition"].transition.n_step = 3
COLLECTIONS["transition"].transition.discount = 0.9
for name in ("transition", "sequence"):
    getattr(COLLECTIONS[name], name).epsilon = 0.4


def collector(name: str, *, packed: bool, steady: bool = True) -> Collector:
    bits = packings(SPEC) if packed else None
    rng = np.random.default_rng(0)
    return method(COLLECTIONS[name], SPEC, GAMES, rng, steady=steady, bits=bits)[1]


def play(*, packed: bool, leaves: bool) -> Iterator[tuple[Decision, Consequence]]:
    """Steps of seat 0, its observations as they come from a session."""
    found = packings(SPEC)
    assert found is not None
    packing = found.by_name["observation"]

    def come(seen: np.ndarray) -> np.ndarray:
        return pack(packing, seen) if packed else seen.copy()

    engine = BatchEngine(get_game("race"), SETTINGS, GAMES)
    engine.reset(seed=1, game_id=np.arange(GAMES))
    rng = np.random.default_rng(2)
    for _ in range(STEPS):
        before = come(engine.observation[:, 0]), engine.action_mask[:, 0].copy()
        actions = rng.integers(0, 5, (GAMES, 2), dtype=np.int8)
        numbers: dict[str, Any] = {"state": np.zeros((GAMES, 0), np.float32)}
        decision = Decision(
            *before,
            action=actions[:, 0],
            logits=rng.normal(size=(GAMES, 5)).astype(np.float32),
            policy_version=1,
            opponent=np.full(GAMES, 7, np.uint64),
            **numbers,
        )
        engine.step(actions)
        cut = np.flatnonzero(engine.truncated)
        status = engine.terminated + TRUNCATED * engine.truncated.astype(np.uint8)
        waits = leaves & (rng.random(GAMES) < 0.2) & (status == 0)
        yield (
            decision,
            Consequence(
                reward=engine.reward[:, 0].copy(),
                status=np.where(waits, OVER, status).astype(np.uint8),
                observation=come(engine.observation[:, 0]),
                action_mask=engine.action_mask[:, 0].copy(),
                value=rng.normal(size=GAMES).astype(np.float32),
                success=np.zeros(GAMES, np.bool_),
                truncated_games=cut,
                final_observation=come(engine.final_observation[cut, 0]),
                final_action_mask=engine.final_action_mask[cut, 0].copy(),
                final_value=np.zeros(len(cut), np.float32),
                final_state=np.zeros((len(cut), 0), np.float32),
                **numbers,
            ),
        )


@pytest.mark.parametrize(
    ("name", "leaves"),
    [("unroll", False), ("unroll", True), ("transition", False), ("sequence", True)],
)
def test_rows_are_the_same(name: str, *, leaves: bool) -> None:
    written = {}
    for packed in (False, True):
        collecting = collector(name, packed=packed, steady=not leaves)
        assert collecting.signature.packs == packed
        pieces = [collecting.add(*step) for step in play(packed=packed, leaves=leaves)]
        # As the writer sends them, and a reader has them.
        written[packed] = [
            from_columns(collecting.signature, to_columns(collecting.signature, one.columns))
            for one in pieces
            if one is not None
        ]
    assert len(written[True]) == len(written[False]) > 0
    for one, other in zip(written[True], written[False], strict=True):
        for column in other:
            assert np.array_equal(one[column], other[column]), column


def test_observations_are_plain_for_a_policy_in_memory_that_is_used_again() -> None:
    shown = Shown.of(SPEC, packings(SPEC))
    packing = SPEC.packing
    assert packing is not None
    rng = np.random.default_rng(0)
    packed = rng.integers(0, 256, (6, packing.row_bytes), np.uint8)
    first = shown.plain(packed)
    assert first.shape == (6, SPEC.observation_size)
    again = shown.plain(packed[:2])
    assert np.shares_memory(first, again)
    plain = Shown.of(SPEC)
    assert plain.plain(first) is first
