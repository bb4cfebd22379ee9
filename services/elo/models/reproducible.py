"""exp and log by +, -, * and / alone, so that they have the same bits on every machine.

numpy's and the C library's differ in their last bit with the kind of processor. What IEEE 754
rounds correctly (the four operations, square roots) does not, nor does scaling by powers of two.

After fdlibm (Sun Microsystems 1993, e_exp.c and e_log.c): less than one unit in the last place off.
"""

from __future__ import annotations

import math

import numpy as np

from services.elo.models.arrays import Floats

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
PER_LN2 = 1.44269504088896338700
EXP = (
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)
_P1, _P2, _P3, _P4, _P5 = EXP
LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
SQRT_HALF = 0.7071067811865476
LEAST, MOST = -800.0, 700.0
"""Where the argument of exp is cut off: below it is 0 anyway, above it overflows at 709."""


def exp(values: Floats) -> Floats:
    """Elementwise e ** x, x cut off to -800..700."""
    x = np.clip(values, LEAST, MOST)
    power = np.rint(x * PER_LN2)
    high, low = x - power * LN2_HIGH, power * LN2_LOW
    rest = high - low
    square = rest * rest
    c = rest - square * _polynomial(square, EXP)
    mantissa = 1.0 - ((low - (rest * c) / (2.0 - c)) - high)
    result: Floats = np.ldexp(mantissa, power.astype(np.int32))
    return result


def exp_of(value: float) -> float:
    """`exp` of one number, with the same bits."""
    x = min(max(value, LEAST), MOST)
    power = round(x * PER_LN2)  # to even where two are equally near, as rint does
    high, low = x - power * LN2_HIGH, power * LN2_LOW
    rest = high - low
    square = rest * rest
    series = _P1 + square * (_P2 + square * (_P3 + square * (_P4 + square * _P5)))
    c = rest - square * series
    return math.ldexp(1.0 - ((low - (rest * c) / (2.0 - c)) - high), power)


def log(values: Floats) -> Floats:
    """Elementwise natural logarithm of positive numbers."""
    mantissa, power = np.frexp(values)
    small = mantissa < SQRT_HALF
    mantissa, power = np.where(small, 2.0 * mantissa, mantissa), power - small
    f = mantissa - 1.0
    s = f / (2.0 + f)
    square = s * s
    series = square * _polynomial(square, LOG)
    half = 0.5 * f * f
    exponent = power.astype(np.float64)
    result: Floats = exponent * LN2_HIGH - ((half - (s * (half + series) + exponent * LN2_LOW)) - f)
    return result


def log_of(value: float) -> float:
    """`log` of one number, with the same bits."""
    mantissa, power = math.frexp(value)
    if mantissa < SQRT_HALF:
        mantissa, power = 2.0 * mantissa, power - 1
    f = mantissa - 1.0
    s = f / (2.0 + f)
    square = s * s
    total = LOG[-1]
    for coefficient in LOG[-2::-1]:
        total = total * square + coefficient
    series, half, exponent = square * total, 0.5 * f * f, float(power)
    return exponent * LN2_HIGH - ((half - (s * (half + series) + exponent * LN2_LOW)) - f)


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    """Horner's scheme, the constant first."""
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= x
        total += coefficient
    return total
