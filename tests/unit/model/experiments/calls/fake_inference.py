"""Inference written by hand: versions answer 10 * number + row, and may fail."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np

from mazemesh.errors import MazemeshError
from services.model.inference.calls import Answer, Asked, Part
from services.model.inference.layout import Column, Given, Layout
from services.model.registry.policy import State, Version

LAYOUT = Layout(
    (Column("observation", "uint8"),),
    (
        Column("action", "int32"),
        Column("logits", "float32", (2,)),
        Column("value", "float32"),
    ),
    1,
)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def version(number: int) -> Version:
    return Version(
        name="race",
        number=number,
        state=State.READY,
        sha256=f"{number:064x}",
        size_bytes=1,
        metadata={},
        created=NOW,
        revision=number,
    )


def asked(rows: int = 1, first: int = 0, **given: object) -> Asked:
    """A call about observations that are `first`, `first` + 1 and so on."""
    data = bytes(range(first, first + rows))
    call = Asked("race:champion", rows, [Given("observation", "uint8", data)], size_bytes=rows)
    for name, value in given.items():
        setattr(call, name, value)
    return call


class FakeInference:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[Asked] = []
        self.failing: dict[str, MazemeshError] = {}
        self.seconds = 0.0
        self.now = 100.0

    @property
    def served(self) -> Counter[str]:
        """Calls by policy."""
        return Counter(one.policy for one in self.calls)

    async def infer(self, asked: Asked) -> Answer:
        self.calls.append(asked)
        self.now += self.seconds
        if asked.policy in self.failing:
            raise self.failing[asked.policy]
        number = int(asked.policy.partition(":")[2])
        seen = np.frombuffer(asked.given[0].data, np.uint8).astype(np.int64)
        logits = np.stack([seen % 2 == number % 2, np.full(len(seen), 0.5)], axis=1)
        data = (
            np.full(asked.rows, number, "<i4").tobytes()
            + logits.astype("<f4").tobytes()
            + (10 * number + seen).astype("<f4").tobytes()
        )
        part = Part(memoryview(data), asked.rows, 0, asked.rows)
        begun = asked.sessions.begin
        return Answer(version(number), LAYOUT, LAYOUT.chosen(asked.outputs), part, begun)
