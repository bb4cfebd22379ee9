"""Refolding a log gives the same ratings bit for bit, whatever BLAS and processor there are."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.elo.models.fitting import cholesky, cholesky_kernels
from services.elo.models.reproducible import exp, exp_of, log

# Prints a hash of all that is told of a ladder: small enough for numpy, then too large for it.
REFOLD = """
import hashlib
import numpy as np
from services.elo.models.bradley_terry import fit
from services.elo.standings.standings import standings
from tests.unit.elo.played import BOTS, folded, simulated

digest = hashlib.sha256()
for players, matches in ((20, 300), (130, 800)):
    rng = np.random.default_rng(players)
    # Not from the distribution of a machine's own log.
    truth = {f"race:{number}": 600.0 + 7.0 * (number * 37 % 90) for number in range(1, players)}
    ladder = folded(simulated(rng, {**truth, BOTS[0]: 800.0}, matches, correlation=0.3))
    problem = ladder.problem()
    found = fit(problem)
    names = tuple(record.name for record in ladder.players)
    told = standings(found, problem, names, 1, matches)
    fitted = (problem.start, found.ratings, found.spread.variances)
    columns = (*fitted, told.low, told.high, told.ranks)
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    digest.update(f"{found.log_nu.hex()} {found.correlation.hex()} {told.order}".encode())
print(digest.hexdigest())
"""

MACHINES = {
    "two threads": {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Haswell"},
    "an old processor": {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-FMA4",
    },
    "compiled for any processor": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}


def refolded(**environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REFOLD],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout.split()[-1]


@pytest.fixture(scope="module")
def here() -> str:
    return refolded()


@pytest.mark.parametrize("machine", MACHINES)
def test_another_machine_finds_the_same_bits(here: str, machine: str) -> None:
    assert refolded(**MACHINES[machine]) == here


def positive_definite(rng: np.random.Generator, count: int) -> np.ndarray:
    matrix = rng.normal(size=(count, count))
    return matrix @ matrix.T + count * np.eye(count)


@pytest.mark.parametrize("count", [1, 2, 5, 31, 32, 33, 64, 67, 130])
def test_small_and_large_matrices_are_solved_by_the_same_operations(count: int) -> None:
    matrix = positive_definite(np.random.default_rng(count), count)
    plain, compiled = matrix.copy(), matrix.copy()
    assert cholesky.plain_factor(plain)
    assert cholesky_kernels.factor(compiled)
    np.testing.assert_array_equal(np.triu(plain), np.triu(compiled))
    one, other = np.eye(count), np.eye(count)
    cholesky.plain_invert(plain, one)
    cholesky_kernels.invert(compiled, other)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(one @ matrix, np.eye(count), atol=1e-11)
    upper = cholesky.factor(matrix)
    np.testing.assert_allclose(matrix @ cholesky.solve(upper, matrix[0]), matrix[0], atol=1e-9)
    np.testing.assert_array_equal(cholesky.inverse(upper), one)


@pytest.mark.parametrize("count", [3, 130])
def test_a_matrix_that_is_not_positive_definite_is_refused(count: int) -> None:
    with pytest.raises(ArithmeticError, match=f"{count} rows"):
        cholesky.factor(np.ones((count, count)))


@given(st.floats(-700, 700))
def test_exp_is_a_unit_in_the_last_place_off_at_most(value: float) -> None:
    found = float(exp(np.array([value]))[0])
    assert found == exp_of(value)
    assert abs(found - math.exp(value)) <= math.ulp(math.exp(value))


def test_exp_does_not_overflow() -> None:
    assert exp_of(1e300) == exp_of(700.0) < math.inf
    assert exp_of(-1e300) == 0.0
    np.testing.assert_array_equal(exp(np.array([1e300, -1e300])), [exp_of(700.0), 0.0])


@given(st.floats(1e-300, 1e300))
def test_log_is_a_unit_in_the_last_place_off_at_most(value: float) -> None:
    found = float(log(np.array([value]))[0])
    assert abs(found - math.log(value)) <= max(math.ulp(math.log(value)), 1e-16)
