"""A numba whose inner parts are elsewhere: the same play, and a warning."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numba
import pytest

from mazemesh.numba_internals import NO_COUNTS, NO_ENTRANCE, entry_point, known

PROGRAM = """
import warnings
import numpy as np
from numba.core.options import DefaultOptions
for name in ("_nrt", "no_cfunc_wrapper", "no_cpython_wrapper"):
    delattr(DefaultOptions, name)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    from mazemesh.games.mazes.kernels import compiling
assert len(told) == 2, told
assert "_nrt" in str(told[0].message), told
assert compiling._OPTIONS == {"nogil": True, "error_model": "numpy"}
from collections import namedtuple
Two = namedtuple("Two", ["numbers", "sums"])

@compiling.part
def add(two, index):
    two.sums[0] += two.numbers[index]

@compiling.routine
def total(two):
    for index in range(len(two.numbers)):
        add(two, index)

@compiling.kernel
def summed(two):
    total(two)
    return two.sums[0]

two = Two(np.arange(5.0), np.zeros(1))
assert compiling.ready(summed, two)(two) == 10.0
"""


def test_this_numba_has_them(recwarn: pytest.WarningsRecorder) -> None:
    assert known({**NO_COUNTS, **NO_ENTRANCE}) == {**NO_COUNTS, **NO_ENTRANCE}
    assert not recwarn.list


@pytest.mark.slow
def test_kernels_are_compiled_without_its_private_options(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        timeout=110,
        env={"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_without_the_class_of_options_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba.core.options", types.ModuleType("elsewhere"))
    with pytest.warns(RuntimeWarning, match=r"numba .* without _nrt games are compiled"):
        assert known(NO_COUNTS) == {}


def test_without_an_entry_point_the_function_itself_is_called() -> None:
    @numba.njit  # type: ignore[misc, unused-ignore]
    def twice(number: int) -> int:
        return 2 * number

    twice.compile((numba.int64,))
    assert entry_point(twice, (numba.int64,))(3) == 6

    class Other:
        def __init__(self) -> None:
            self.overloads: dict[Any, object] = {(numba.int64,): object()}

        def __call__(self, number: int) -> int:
            return 2 * number

    with pytest.warns(RuntimeWarning, match="each call of a kernel takes microseconds longer"):
        assert entry_point(Other(), (numba.int64,))(3) == 6
