"""What it takes to put ten thousand waiting tickets together, in this process."""

from __future__ import annotations

import random
import statistics
import time
from operator import attrgetter
from typing import Any

from mazemesh.games import GameSettings
from services.matchmaker.lobby.grouping import compiled, put_together
from services.matchmaker.lobby.tickets import Ticket, Window, Wish

NOW = 1000.0
_REPEATS = 7

QUEUES: dict[str, dict[str, Any]] = {
    "duels": {},
    "all of one rating": {"deviation": 0.0},
    "spread wide": {"deviation": 800.0},
    "tables of eight": {"size": 8},
    "teams of four, parties": {"size": 8, "teams": (0, 0, 0, 0, 1, 1, 1, 1), "party": 3},
}


def pairing(tickets: int) -> dict[str, Any]:
    """Median milliseconds of processor time and of wall time for each kind of queue."""
    return {name: _measured(_waiting(tickets, **queue)) for name, queue in QUEUES.items()}


def _measured(waiting: list[Ticket]) -> dict[str, float]:
    window = Window()
    kernel = compiled()
    put_together(waiting, window, NOW, kernel)
    spent: list[tuple[float, float]] = []
    for _ in range(_REPEATS):
        wall, cpu = time.perf_counter(), time.thread_time()
        ready = sorted(waiting, key=attrgetter("since", "ticket_id"))
        found = put_together(ready, window, NOW, kernel)
        spent.append((time.perf_counter() - wall, time.thread_time() - cpu))
    return {
        "milliseconds": round(1000 * statistics.median(one[0] for one in spent), 2),
        "processor_milliseconds": round(1000 * statistics.median(one[1] for one in spent), 2),
        "groups": len(found),
    }


def _waiting(
    tickets: int,
    deviation: float = 200.0,
    size: int = 2,
    teams: tuple[int, ...] = (),
    party: int = 1,
) -> list[Ticket]:
    rng = random.Random(1)
    made = []
    for number in range(tickets):
        friends = tuple(f"player/{number}-{one}" for one in range(rng.randrange(party)))
        wish = Wish(
            f"player/{number}",
            "race",
            "race",
            GameSettings(),
            size,
            False,
            60.0,
            party=friends,
            teams=teams,
        )
        rating, since = round(rng.gauss(1000.0, deviation), 1), NOW - 60.0 * rng.random()
        made.append(Ticket(str(number), str(number), wish, rating, since))
    return made
