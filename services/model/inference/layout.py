"""What a version takes and gives, column by column, and whether a call's columns are that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from mazemesh.errors import InvalidArgument
from mazemesh.names import shown

STATE: Final = "state"
NEXT_STATE: Final = "next_state"
VALUE: Final = "value"

MOST_ROWS: Final = 4096
MOST_OUTPUTS: Final = 256
MOST_ANSWER_BYTES: Final = 56 * 1024 * 1024
"""Of all outputs of a call."""

_NAMES_IN_MESSAGES: Final = 20


class Given(NamedTuple):
    """A column as a caller sends it; `dtype` is numpy's name."""

    name: str
    dtype: str
    data: bytes


@dataclass(frozen=True)
class Column:
    """One input or output.

    Attributes:
        name: As in the file.
        dtype: numpy's name.
        shape: Of a row.
        fill: What each byte is where the column is left out; None: it may not be.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    fill: int | None = None

    @cached_property
    def row_bytes(self) -> int:
        """Of one row."""
        return np.dtype(self.dtype).itemsize * math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """Inputs and outputs of a version, `state` the last of the inputs where there is one.

    Attributes:
        inputs: In the order in which rows go to the file.
        outputs: In the order in which they come back: actions, what they are drawn from, value,
            next state.
        actions: How many of the outputs are actions.
        choices: Outputs of which each part is a choice, with how many there are to choose from.
    """

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    actions: int
    choices: tuple[tuple[str, tuple[int, ...]], ...] = ()
    _chosen: dict[tuple[str, ...], tuple[int, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def state_bytes(self) -> int:
        """Of the state of a row; 0 without one."""
        last = self.inputs[-1]
        return last.row_bytes if last.name == STATE else 0

    @cached_property
    def state_size(self) -> int:
        """Elements of it."""
        return self.state_bytes // np.dtype(np.float32).itemsize

    @cached_property
    def input_row_bytes(self) -> int:
        """Of a row of all inputs."""
        return sum(column.row_bytes for column in self.inputs)

    @cached_property
    def output_row_bytes(self) -> int:
        """Of a row of all outputs."""
        return sum(column.row_bytes for column in self.outputs)

    @cached_property
    def usual(self) -> tuple[int, ...]:
        """Outputs of a call that asks for none: the actions, and `value`."""
        actions = tuple(range(self.actions))
        values = (i for i, column in enumerate(self.outputs) if column.name == VALUE)
        return (*actions, *values)

    @cached_property
    def next_state(self) -> int:
        """Which output the next state is."""
        return next(i for i, column in enumerate(self.outputs) if column.name == NEXT_STATE)

    @cached_property
    def everything(self) -> tuple[int, ...]:
        """All outputs."""
        return tuple(range(len(self.outputs)))

    def chosen(self, names: tuple[str, ...] | None) -> tuple[int, ...]:
        """Which outputs the names are: without any the usual ones, of None all.

        Raises:
            InvalidArgument: there is no such, or one is named twice.
        """
        if names is None:
            return self.everything
        if not names:
            return self.usual
        known = self._chosen.get(names)
        if known is None:
            known = self._find(names)
            if len(self._chosen) < MOST_OUTPUTS:
                self._chosen[names] = known
        return known

    def _find(self, names: tuple[str, ...]) -> tuple[int, ...]:
        if len(names) > MOST_OUTPUTS:
            raise InvalidArgument(f"outputs has {len(names)} names; at most {MOST_OUTPUTS}")
        places = {column.name: i for i, column in enumerate(self.outputs)}
        for name in names:
            if name not in places:
                raise InvalidArgument(
                    f"outputs has {shown(name)}; expected some of {_listed(self.outputs)}"
                )
        if len(set(names)) < len(names):
            raise InvalidArgument("outputs names one twice; expected each once")
        return tuple(places[name] for name in names)

    def arranged(self, given: Sequence[Given], rows: int) -> list[bytes]:
        """The data of all inputs, in order.

        Raises:
            InvalidArgument: a column is missing, unknown, twice there, of another type or length.
        """
        if not 1 <= rows <= MOST_ROWS:
            raise InvalidArgument(f"rows is {rows}; expected 1..{MOST_ROWS}")
        if rows * self.output_row_bytes > MOST_ANSWER_BYTES:
            raise InvalidArgument(
                f"rows is {rows}; the answer would have {rows * self.output_row_bytes} bytes, at "
                f"most {MOST_ANSWER_BYTES}"
            )
        named: Mapping[str, Given] = {column.name: column for column in given}
        found: list[bytes] = []
        used = 0
        for column in self.inputs:
            one = named.get(column.name)
            if one is None:
                found.append(self._filled(column, rows))
                continue
            used += 1
            _check(column, one, rows)
            found.append(one.data)
        if used < len(given):
            self._refuse_others(given)
        return found

    def _filled(self, column: Column, rows: int) -> bytes:
        if column.fill is None:
            raise InvalidArgument(
                f"columns has no {column.name!r}; expected {_listed(self.inputs)}"
            )
        return bytes([column.fill]) * (rows * column.row_bytes)

    def _refuse_others(self, given: Sequence[Given]) -> None:
        known = {column.name for column in self.inputs}
        names = [one.name for one in given]
        for name in names:
            if name not in known:
                raise InvalidArgument(f"columns has {shown(name)}; expected {_listed(self.inputs)}")
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgument(f"columns has {twice!r} twice; expected each once")

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "inputs": [[one.name, one.dtype, list(one.shape), one.fill] for one in self.inputs],
            "outputs": [[one.name, one.dtype, list(one.shape), None] for one in self.outputs],
            "actions": self.actions,
            "choices": [[name, list(counts)] for name, counts in self.choices],
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Layout:
        """The layout of plain data."""
        inputs, outputs = (
            tuple(
                Column(str(name), str(dtype), tuple(map(int, shape)), fill)
                for name, dtype, shape, fill in told[kind]
            )
            for kind in ("inputs", "outputs")
        )
        choices = tuple((str(name), tuple(map(int, counts))) for name, counts in told["choices"])
        return cls(inputs, outputs, int(told["actions"]), choices)


def _check(column: Column, one: Given, rows: int) -> None:
    if one.dtype != column.dtype:
        raise InvalidArgument(
            f"columns has {column.name!r} of {one.dtype}; expected {column.dtype}"
        )
    if len(one.data) != rows * column.row_bytes:
        raise InvalidArgument(
            f"columns has {len(one.data)} bytes of {column.name!r}; expected "
            f"{rows * column.row_bytes}: {rows} rows of {column.dtype} {list(column.shape)}"
        )


def _listed(columns: Sequence[Column]) -> str:
    names = [repr(column.name) for column in columns[:_NAMES_IN_MESSAGES]]
    return ", ".join(names) + (", ..." if len(columns) > _NAMES_IN_MESSAGES else "")
