"""Columns of a call against those of a version."""

from __future__ import annotations

import pytest

from mazemesh.errors import InvalidArgument
from services.model.inference.layout import MOST_OUTPUTS, MOST_ROWS, Column, Given, Layout

LAYOUT = Layout(
    (
        Column("observation", "uint8", (3,)),
        Column("action_mask", "uint8", (2,), 1),
        Column("state", "float32", (4,), 0),
    ),
    (
        Column("action", "int8"),
        Column("logits", "float32", (2,)),
        Column("value", "float32"),
        Column("next_state", "float32", (4,)),
    ),
    actions=1,
)
SEEN = Given("observation", "uint8", b"abcdef")


def test_what_is_left_out_is_filled_in() -> None:
    assert LAYOUT.arranged([SEEN], 2) == [b"abcdef", b"\1" * 4, b"\0" * 32]
    mask = Given("action_mask", "uint8", b"\1\0\0\1")
    assert LAYOUT.arranged([mask, SEEN], 2)[:2] == [b"abcdef", b"\1\0\0\1"]


@pytest.mark.parametrize(
    ("given", "rows", "told"),
    [
        ([], 1, "has no 'observation'; expected 'observation', 'action_mask', 'state'"),
        ([SEEN], 3, "6 bytes of 'observation'; expected 9: 3 rows of uint8"),
        ([SEEN._replace(dtype="int8")], 2, "'observation' of int8; expected uint8"),
        ([SEEN, Given("other", "uint8", b"")], 2, "has 'other'; expected"),
        ([SEEN, SEEN], 2, "'observation' twice"),
        ([SEEN], 0, "rows is 0; expected 1..4096"),
        ([SEEN], -1, "rows is -1"),
        ([SEEN], MOST_ROWS + 1, "rows is 4097"),
        ([SEEN, Given("x" * 9000, "uint8", b"")], 2, "characters"),
    ],
)
def test_what_is_wrong_is_told(given: list[Given], rows: int, told: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        LAYOUT.arranged(given, rows)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_an_answer_has_a_bound() -> None:
    wide = Layout((Column("observation", "uint8"),), (Column("logits", "float32", (1 << 20,)),), 0)
    with pytest.raises(InvalidArgument, match="the answer would have"):
        wide.arranged([Given("observation", "uint8", b"\0" * 64)], 64)


def test_outputs_by_name() -> None:
    assert LAYOUT.chosen(()) == (0, 2)
    assert LAYOUT.chosen(None) == (0, 1, 2, 3)
    assert LAYOUT.chosen(("next_state", "action")) == (3, 0)
    assert LAYOUT.next_state == 3
    for names, told in (
        (("nothing",), "has 'nothing'; expected some of 'action'"),
        (("value", "value"), "twice"),
        (("value",) * (MOST_OUTPUTS + 1), "at most 256"),
    ):
        with pytest.raises(InvalidArgument, match=told):
            LAYOUT.chosen(names)


def test_sizes_and_plain_data() -> None:
    assert (LAYOUT.state_bytes, LAYOUT.state_size) == (16, 4)
    assert (LAYOUT.input_row_bytes, LAYOUT.output_row_bytes) == (21, 29)
    assert Layout.of(LAYOUT.told()) == LAYOUT
