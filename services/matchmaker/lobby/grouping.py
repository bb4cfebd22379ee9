"""Who of those that wait in one queue should play together now."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from services.matchmaker.lobby.tickets import Ticket, Window, can_play


def groups(waiting: Sequence[Ticket], window: Window, now: float) -> list[list[Ticket]]:
    """Tickets that should play together now, of one queue, in groups of the wished size.

    The oldest ticket chooses first: the nearest in rating among those that everybody in the group
    accepts, the older of two equally near. A ticket is in one group at most; one whose stream is
    broken is passed over.

    Each looks outward from its own rating, as far as its window reaches and past those that are
    taken in one step. Whoever is within the narrowest window of another is taken, so few are
    looked at in vain: the time goes with the tickets, not with their square.
    """
    ready = sorted(
        (ticket for ticket in waiting if can_play(ticket)),
        key=lambda one: (one.since, one.ticket_id),
    )
    queue = _Queue(ready, [window.after(now - ticket.since) for ticket in ready])
    found = []
    for oldest in range(len(ready)):
        if queue.is_free(oldest):
            group = queue.choose(oldest)
            if group:
                found.append([ready[member] for member in group])
    return found


class _Queue:
    """Tickets by age, 0 the oldest, and by rating; they leave as they are taken.

    Args:
        tickets: Oldest first.
        reach: Window of each.
    """

    def __init__(self, tickets: Sequence[Ticket], reach: Sequence[float]) -> None:
        self._rating = [ticket.rating for ticket in tickets]
        self._size = tickets[0].wish.size if tickets else 0
        self._reach = reach
        self._free = [True] * len(tickets)
        # Tickets of one rating stand in one place, oldest first.
        self._ratings = sorted(set(self._rating))
        self._place = {rating: place for place, rating in enumerate(self._ratings)}
        self._members: list[list[int]] = [[] for _ in self._ratings]
        for age, rating in enumerate(self._rating):
            self._members[self._place[rating]].append(age)
        self._left = [len(members) for members in self._members]
        # The next place with somebody in it, in either direction, as far as is known.
        self._up = list(range(len(self._ratings) + 1))
        self._down = list(range(len(self._ratings) + 1))

    def is_free(self, age: int) -> bool:
        """Whether a ticket is still there."""
        return self._free[age]

    def choose(self, oldest: int) -> list[int]:
        """The group of a ticket, which leaves; empty, and it leaves alone, when there is none."""
        self._leave(oldest)
        group = [oldest]
        for other in self._outward(oldest):
            if all(self._accept(member, other) for member in group):
                group.append(other)
                if len(group) == self._size:
                    for member in group[1:]:
                        self._leave(member)
                    return group
        return []

    def _accept(self, one: int, other: int) -> bool:
        distance = abs(self._rating[one] - self._rating[other])
        return distance <= self._reach[one] and distance <= self._reach[other]

    def _outward(self, oldest: int) -> Iterator[int]:
        """Who is left within its reach, the nearest first, of two equally near the older."""
        rating, reach = self._rating[oldest], self._reach[oldest]
        place = bisect_left(self._ratings, rating)
        above, below = self._next_up(place), self._next_down(place - 1)
        while True:
            up = self._ratings[above] - rating if above < len(self._ratings) else float("inf")
            down = rating - self._ratings[below] if below >= 0 else float("inf")
            nearest = min(up, down)
            if nearest > reach or nearest == float("inf"):
                return
            ages: list[int] = []
            if up == nearest:
                ages += self._there(above)
                above = self._next_up(above + 1)
            if down == nearest:
                ages = sorted([*ages, *self._there(below)])
                below = self._next_down(below - 1)
            yield from ages

    def _there(self, place: int) -> list[int]:
        """The oldest of a rating, as many as a group can take.

        The others need not be looked at: whoever is younger at the same rating has no wider window.
        For the same reason it is the oldest who leave.
        """
        members = self._members[place]
        first = len(members) - self._left[place]
        return members[first : first + self._size]

    def _leave(self, age: int) -> None:
        self._free[age] = False
        place = self._place[self._rating[age]]
        self._left[place] -= 1
        if self._left[place] == 0:
            self._up[place] = place + 1
            self._down[place + 1] = place

    def _next_up(self, place: int) -> int:
        """The first place from here upward with somebody in it; the number of places: none."""
        root = place
        while self._up[root] != root:
            root = self._up[root]
        while self._up[place] != root:
            self._up[place], place = root, self._up[place]
        return root

    def _next_down(self, place: int) -> int:
        """The first place from here downward with somebody in it; -1: none."""
        # Shifted by one, so that -1 has a place too.
        root = place + 1
        while self._down[root] != root:
            root = self._down[root]
        place += 1
        while self._down[place] != root:
            self._down[place], place = root, self._down[place]
        return root - 1
