"""Which of those that wait in one queue play together: arithmetic over columns.

`choose` runs as it stands over lists, and compiled by numba over arrays. Tickets are numbered by
age, 0 the oldest.
"""

from __future__ import annotations

from typing import Any

MOST_LOOKS = 1024
"""Tickets that are looked at for one group, so that a crowd that fits nobody costs little."""


def choose(
    ratings: Any,
    reach: Any,
    seats: Any,
    persons: Any,
    order: Any,
    room: Any,
    group: Any,
    links: Any,
    runs: Any,
    scratch: Any,
) -> int:
    """Puts tickets into groups, the oldest first, and returns how many groups there are.

    The oldest that is left takes the nearest in rating whom everybody in the group accepts, of two
    equally near the older, until all seats are taken; where they do not suffice it leaves alone.
    It looks outward from its own rating, past those that are gone in one step (links to the next
    that is left, shortened as they are followed), so the time goes with the tickets and not with
    their square.

    Args:
        ratings: [n] Elo.
        reach: [n] how far another may be away, Elo.
        seats: [n] seats that the ticket wants, 1 or a party's.
        persons: [n] who it is; two of one number never meet, except of -1.
        order: [n] the tickets by rating, of one rating by age.
        room: seats of each team, all of them together the size of a match; one team of all seats
            where each plays for itself.
        group: [n] out: number of the group, -1 for none.
        links: [3, n + 2] of integers, for the work: next left upward, downward, and the places.
        runs: [2, n] of integers, for the work: where the places of one rating begin and end.
        scratch: [2, 65] of integers, for the work: members of the group, seats left in teams.
    """
    n = len(ratings)
    up, down, place = links[0], links[1], links[2]
    first, last = runs[0], runs[1]
    members, left = scratch[0], scratch[1]
    size = 0
    for team in range(len(room)):
        size += room[team]
    for position in range(n):
        up[position] = position
        down[position] = position
        place[order[position]] = position
        group[position] = -1
        same = position > 0 and ratings[order[position]] == ratings[order[position - 1]]
        first[position] = first[position - 1] if same else position
    for position in range(n - 1, -1, -1):
        same = position < n - 1 and first[position] == first[position + 1]
        last[position] = last[position + 1] if same else position
    up[n] = n
    down[n] = n
    found = 0
    # `down` is shifted by one: down[p + 1] leads from place p, and down[0] is the end.
    for position in range(n + 1):
        down[position] = position
    for oldest in range(n):
        start = place[oldest]
        if up[start] != start:
            continue
        up[start] = start + 1
        down[start + 1] = start
        members[0] = oldest
        count, filled = 1, seats[oldest]
        above = _upward(up, start)
        below = _downward(down, start)
        looks = 0
        while filled < size and looks < MOST_LOOKS:
            high = ratings[order[above]] - ratings[oldest] if above < n else -1.0
            low = ratings[oldest] - ratings[order[below]] if below >= 0 else -1.0
            # The places of one rating above, and of one below, whichever is nearer or both.
            one, one_end, two, two_end = 0, -1, 0, -1
            if high >= 0.0 and (low < 0.0 or high <= low):
                if high > reach[oldest]:
                    break
                one, one_end = above, last[above]
                above = _upward(up, one_end + 1)
            if low >= 0.0 and (high < 0.0 or low <= high):
                if low > reach[oldest]:
                    break
                two, two_end = _upward(up, first[below]), below
                below = _downward(down, first[below])
            if one > one_end and two > two_end:
                break
            while filled < size and looks < MOST_LOOKS and (one <= one_end or two <= two_end):
                if two > two_end or (one <= one_end and order[one] < order[two]):
                    other = order[one]
                    one = _upward(up, one + 1)
                else:
                    other = order[two]
                    two = _upward(up, two + 1)
                looks += 1
                if filled + seats[other] > size:
                    continue
                fits = True
                for member in range(count):
                    mate = members[member]
                    distance = abs(ratings[mate] - ratings[other])
                    if (
                        distance > reach[mate]
                        or distance > reach[other]
                        or (persons[other] >= 0 and persons[mate] == persons[other])
                    ):
                        fits = False
                        break
                if not fits:
                    continue
                members[count] = other
                if len(room) > 1 and not _has_room(members, count + 1, seats, room, left):
                    continue
                count += 1
                filled += seats[other]
        if filled == size:
            for member in range(count):
                position = place[members[member]]
                up[position] = position + 1
                down[position + 1] = position
                group[members[member]] = found
            found += 1
    return found


def _upward(up: Any, position: int) -> int:
    """The first place from here upward with somebody in it; the number of places: none."""
    root = position
    while up[root] != root:
        root = up[root]
    while up[position] != root:
        up[position], position = root, up[position]
    return root


def _downward(down: Any, position: int) -> int:
    """The first place before this one, downward, with somebody in it; -1: none."""
    root = position
    while down[root] != root:
        root = down[root]
    while down[position] != root:
        down[position], position = root, down[position]
    return root - 1


def _has_room(members: Any, count: int, seats: Any, room: Any, left: Any) -> bool:
    """Whether each ticket finds its seats in one team: the largest first, where most is left.

    It may miss a way that there is where teams differ in size, and never finds one that is not.
    """
    most = 0
    for team in range(len(room)):
        left[team] = room[team]
        most = max(most, room[team])
    for wanted in range(most, 0, -1):
        for member in range(count):
            if seats[members[member]] != wanted:
                continue
            best = -1
            for team in range(len(room)):
                # The fullest that still takes it.
                if left[team] >= wanted and (best < 0 or left[team] < left[best]):
                    best = team
            if best < 0:
                return False
            left[best] -= wanted
    return True
