"""Folding duels by compiled code: bit for bit what `Ladder.fold` does with one after the other.

Without fastmath the compiler neither reorders sums nor fuses a product with a sum. All of it is in
this file because numba's cache notices changes of this file alone; the constants come from where
they are explained.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from mazemesh.machine_code import compiled
from services.elo.log.batch import Integers
from services.elo.models import online, reproducible
from services.elo.models.arrays import Floats, Indices
from services.elo.models.counting.slots import HASH_FIRST, HASH_SECOND, HASH_SHIFT

_FIRST_K, _LAST_K = online.FIRST_K, online.LAST_K
_SETTLED_AFTER, _PER_POINT = online.SETTLED_AFTER, online.PER_POINT
_PER_LN2, _LN2_HIGH, _LN2_LOW = (
    reproducible.PER_LN2,
    reproducible.LN2_HIGH,
    reproducible.LN2_LOW,
)
_P1, _P2, _P3, _P4, _P5 = reproducible.EXP
_POWERS = 2.0 ** np.arange(-1022, 1024)
_LEAST, _MOST = reproducible.LEAST, reproducible.MOST
_HASH_FIRST, _HASH_SECOND = np.uint64(HASH_FIRST), np.uint64(HASH_SECOND)
_HASH_SHIFT = np.uint64(HASH_SHIFT)

_F1 = numba.float64[::1]
_F2 = numba.float64[:, ::1]
_I1 = numba.int64[::1]
_SLOTS = numba.int32[::1]


@numba.njit(inline="always", error_model="numpy")
def _exp_of(value: float) -> float:
    """See `reproducible.exp_of`."""
    x = min(max(value, _LEAST), _MOST)
    power = np.rint(x * _PER_LN2)
    high, low = x - power * _LN2_HIGH, power * _LN2_LOW
    rest = high - low
    square = rest * rest
    series = _P1 + square * (_P2 + square * (_P3 + square * (_P4 + square * _P5)))
    c = rest - square * series
    mantissa = 1.0 - ((low - (rest * c) / (2.0 - c)) - high)
    if power < -1022.0:  # subnormal
        return math.ldexp(mantissa, int(power))
    return mantissa * _POWERS[int(power) + 1022]  # type: ignore[no-any-return]


@numba.njit(inline="always", error_model="numpy")
def _k_factor(matches: int) -> float:
    """See `online.k_factor`."""
    return max(_LAST_K, _FIRST_K - (_FIRST_K - _LAST_K) * matches / _SETTLED_AFTER)


@numba.njit(inline="always", error_model="numpy")
def _home(first: int, second: int, mask: int) -> int:
    """See `slots.home`."""
    hashed = np.uint64(first) * _HASH_FIRST + np.uint64(second) * _HASH_SECOND
    return np.int64(hashed >> _HASH_SHIFT) & mask  # type: ignore[return-value]


@compiled(numba.void(_F2, numba.int64, _SLOTS), nogil=True, error_model="numpy")
def place(cells: Floats, count: int, slots: Indices) -> None:
    """Puts the numbers of `count` rows into empty slots; see `pairs.Pairs`."""
    mask = len(slots) - 1
    for row in range(count):
        slot = _home(int(cells[row, 0]), int(cells[row, 1]), mask)
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = row


@compiled(
    numba.int64(
        *(_I1, _I1, _I1, _I1, _F2, _I1, _I1),  # duels
        *(_F1, _I1, _I1, _I1, _I1, _I1),  # players
        *(_F2, numba.int64, _SLOTS),  # pairs
        *(_I1, _F2, _F2, _F1),  # points
    ),
    nogil=True,
    error_model="numpy",
)
def fold(
    ones: Integers,
    others: Integers,
    games: Integers,
    starts: Integers,
    scores: Floats,
    finishes: Integers,
    seats: Integers,
    ratings: Floats,
    matches: Integers,
    wins: Integers,
    draws: Integers,
    losses: Integers,
    last_finish: Integers,
    cells: Floats,
    count: int,
    slots: Indices,
    numbers: Integers,
    after: Floats,
    means: Floats,
    expectations: Floats,
) -> int:
    """Folds duels in; returns how many rows of pairs there are then.

    Args:
        ones: Index of the first player [duels].
        others: Index of the second.
        games: Games of each duel.
        starts: Row of `scores` at which they begin.
        scores: Of both [games of all, 2].
        finishes: When each duel ended.
        seats: Who had the first place in each game; see `Game.seat` [games of all].
        ratings: Online ratings [players]; changed, as are the next five.
        matches: Matches played.
        wins: Games won.
        draws: Games drawn.
        losses: Games lost.
        last_finish: When a player's last match ended.
        cells: Of `pairs.Pairs`, with room for a row a duel; changed.
        count: Rows of them that are used.
        slots: Of `pairs.Pairs`; changed.
        numbers: Taken for how many matches a player had before each duel [2 duels].
        after: Taken for online ratings after it [duels, 2].
        means: Taken for mean scores of it [duels, 2].
        expectations: Taken for the score that the first was expected to have in a game [duels].
    """
    mask = len(slots) - 1
    for duel in range(len(ones)):
        one, other, number = ones[duel], others[duel], games[duel]
        won = drawn = win_mass = draw_mass = squares = total = opposite = 0.0
        seated, ahead, ahead_wins, ahead_draws = 1.0, 0.0, 0.0, 0.0
        for game in range(starts[duel], starts[duel] + number):
            score, against = scores[game, 0], scores[game, 1]
            draw = 2.0 * min(score, 1.0 - score)
            won += score > 0.5
            drawn += score == 0.5
            win_mass += score - draw / 2.0
            draw_mass += draw
            squares += score * score
            total += score
            opposite += against
            if seats[game] == 0:
                seated = 0.0
            elif seats[game] > 0:
                ahead += 1.0
                ahead_wins += score - draw / 2.0
                ahead_draws += draw
            if score > against:
                wins[one] += 1
                losses[other] += 1
            elif score < against:
                losses[one] += 1
                wins[other] += 1
            else:
                draws[one] += 1
                draws[other] += 1
        expected = 1.0 / (1.0 + _exp_of((ratings[other] - ratings[one]) * _PER_POINT))
        expectations[duel] = expected
        gain = number * (total / number - expected)
        ratings[one] = ratings[one] + _k_factor(matches[one]) * gain / number
        ratings[other] = ratings[other] + _k_factor(matches[other]) * (0.0 - gain) / number
        numbers[2 * duel], numbers[2 * duel + 1] = matches[one], matches[other]
        after[duel, 0], after[duel, 1] = ratings[one], ratings[other]
        means[duel, 0], means[duel, 1] = total / number, opposite / number
        matches[one] += 1
        matches[other] += 1
        last_finish[one] = last_finish[other] = finishes[duel]
        if seated == 0.0:
            ahead = ahead_wins = ahead_draws = 0.0
        if one > other:
            one, other = other, one
            if seated != 0.0:
                drawn_behind, behind = draw_mass - ahead_draws, number - ahead
                ahead_wins = behind - (win_mass - ahead_wins) - drawn_behind
                ahead, ahead_draws = behind, drawn_behind
            lost = number - win_mass - draw_mass
            squares = number - 2.0 * total + squares
            total = number - total
            won = number - won - drawn
            win_mass = lost
        slot = _home(one, other, mask)
        row = count
        while slots[slot] >= 0:
            at = slots[slot]
            if (
                cells[at, 0] == one
                and cells[at, 1] == other
                and cells[at, 2] == number
                and cells[at, 3] == 1.0
                and cells[at, 11] == seated
            ):
                row = int(at)
                break
            slot = (slot + 1) & mask
        if row == count:
            slots[slot] = row
            count += 1
            cells[row, 0], cells[row, 1], cells[row, 2], cells[row, 3] = one, other, number, 1.0
            cells[row, 11] = seated
        cells[row, 4] += 1.0
        cells[row, 5] += won
        cells[row, 6] += drawn
        cells[row, 7] += win_mass
        cells[row, 8] += draw_mass
        cells[row, 9] += squares
        cells[row, 10] += total * total
        cells[row, 12] += ahead
        cells[row, 13] += ahead_wins
        cells[row, 14] += ahead_draws
    return count
