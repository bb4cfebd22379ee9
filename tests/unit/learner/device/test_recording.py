"""Recording against a recorder that notes what it is asked, on the processor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from learner.device.recording import MOST, REHEARSALS, Recorded, Tensors


class Tape:
    """Replays by doing the work again, into where the first results were."""

    def __init__(self, *, able: bool = True) -> None:
        self.able, self.rehearsed, self.recorded, self.replayed = able, 0, 0, 0

    def rehearse(self, work: Callable[[], Tensors]) -> Tensors:
        self.rehearsed += 1
        return work()

    def record(self, work: Callable[[], Tensors]) -> tuple[Callable[[], None], Tensors]:
        self.recorded += 1
        if not self.able:
            raise RuntimeError("operation not permitted when stream is capturing")
        results = tuple(torch.full((), torch.nan) for _ in range(2))

        def replay() -> None:
            self.replayed += 1
            for place, value in zip(results, work(), strict=True):
                place.copy_(value)

        return replay, results


def work(columns: Mapping[str, Tensor], factor: Tensor) -> Tensors:
    return columns["a"].sum() * factor, columns["b"].sum()


def test_is_done_as_written_and_then_replayed_with_what_is_there_now() -> None:
    tape = Tape()
    recorded = Recorded(work, tape)
    columns = {"a": torch.zeros(3), "b": torch.zeros(2)}
    for n in range(1, REHEARSALS + 5):
        columns["a"].fill_(n)
        columns["b"].fill_(-n)
        one, other = recorded(columns, torch.tensor(float(n)))
        assert (one.item(), other.item()) == (3.0 * n * n, -2.0 * n)
    assert (tape.rehearsed, tape.recorded, tape.replayed) == (REHEARSALS, 1, 4)


@pytest.mark.parametrize("moved", [False, True])
def test_each_shape_and_place_is_recorded_by_itself(moved: bool) -> None:
    tape = Tape()
    recorded = Recorded(work, tape)
    columns = {"a": torch.ones(3), "b": torch.ones(2)}
    other = {"a": torch.ones(3 if moved else 4), "b": columns["b"]}
    for _ in range(REHEARSALS + 1):
        recorded(columns, torch.tensor(2.0))
    assert recorded(other, torch.tensor(2.0))[0].item() == 2.0 * len(other["a"])
    assert (tape.rehearsed, tape.recorded) == (REHEARSALS + 1, 1)


def test_what_cannot_be_recorded_is_done_as_written_and_not_tried_again() -> None:
    tape = Tape(able=False)
    recorded = Recorded(work, tape)
    columns = {"a": torch.ones(3), "b": torch.ones(2)}
    for _ in range(REHEARSALS + 3):
        assert recorded(columns, torch.tensor(2.0))[0].item() == 6.0
    assert (tape.rehearsed, tape.recorded) == (REHEARSALS + 3, 1)


def test_only_so_many_shapes_are_recorded() -> None:
    tape = Tape()
    recorded = Recorded(work, tape)
    for rows in range(1, MOST + 3):
        columns = {"a": torch.ones(rows), "b": torch.ones(2)}
        for _ in range(REHEARSALS + 2):
            assert recorded(columns, torch.tensor(1.0))[0].item() == rows
    assert tape.recorded == MOST
