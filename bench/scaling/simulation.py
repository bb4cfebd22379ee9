"""A day through the policies: target tracking of actors and learners, and the shutdown function.

The policies decide as on AWS, minute by minute. The mesh answers with three assumed rates, of the
order that docs/performance.md measures: an actor machine plays so many games a minute, trains so
many rows a minute with the rest of its time, and a learner takes so many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.scaling.day import Minute
from bench.scaling.fleet import Fleet
from supervisor.cloud.operating.price_table import MACHINES
from supervisor.cloud.scaling.idleness import Group, Memory, look
from supervisor.cloud.scaling.load import GAMES_OF_AN_ACTOR
from supervisor.cloud.scaling.tracking import (
    ACTOR_TARGET,
    ACTOR_WARMUP_MINUTES,
    LEARNER_TARGET,
    LEARNER_WARMUP_MINUTES,
    TargetTracking,
)

ACTOR_TYPE, LEARNER_TYPE = "c7g.xlarge", "g5.xlarge"
START_MINUTES = 3
GAMES_A_MINUTE = 120
"""Rated games that the evaluator of one machine plays a minute, two policies on 10 x 10."""

ROWS_A_MINUTE = 4_000_000
"""Agent steps of experience of one machine's three actors."""

LEARNED_A_MINUTE = 15_000_000
"""Agent steps that a learner on a GPU takes."""

LIMITER_ROWS = 6_000_000
"""Inserts may be ahead of samples by so many; then they wait."""


@dataclass(frozen=True)
class Sizes:
    """Of the groups."""

    most_actors: int = 8
    most_learners: int = 2
    idle_minutes: float = 60.0
    actor_hours: float = 1100.0 / 30
    learner_hours: float = 220.0 / 18


def play(minutes: Iterable[Minute], sizes: Sizes, seed: int, loss_an_hour: float) -> dict[str, Any]:
    """What the day came to: cost, waiting, thrash."""
    rng = np.random.default_rng(seed + 1)
    actors = Fleet(START_MINUTES, loss_an_hour, rng)
    learners = Fleet(START_MINUTES + 4, loss_an_hour, rng)
    follow_actors = TargetTracking(ACTOR_TARGET, 0, sizes.most_actors, ACTOR_WARMUP_MINUTES)
    follow_learners = TargetTracking(LEARNER_TARGET, 0, sizes.most_learners, LEARNER_WARMUP_MINUTES)
    desired, desired_learners, memory = 0, 0, Memory()
    queue: list[tuple[int, float]] = []  # minute of arrival, games left
    waits: list[tuple[float, float]] = []  # minutes, games
    ahead, learned, starved, trained_minutes, last_busy = 0.0, 0.0, 0, 0, -10_000
    history: list[int] = []
    before_training = False
    for now, minute in enumerate(minutes):
        if minute.training and not before_training:  # the job's event reaches the function
            desired, desired_learners = max(desired, 1), max(desired_learners, 1)
            memory = Memory(memory.month, memory.hours, {}, memory.at, now * 60.0)
        before_training = minute.training
        running = actors.pass_minute(now, desired)
        learning = learners.pass_minute(now, desired_learners)

        arrived = minute.rated + minute.tickets
        if arrived:
            queue.append((now, float(arrived)))
        waits += _played(queue, now, running * GAMES_A_MINUTE)

        rows = running * ROWS_A_MINUTE if minute.training else 0.0
        taken = learning * LEARNED_A_MINUTE if minute.training else 0.0
        possible = min(rows, max(LIMITER_ROWS - ahead, 0.0) + taken)
        step = min(taken, ahead + possible)
        ahead = max(ahead + possible - step, 0.0) if minute.training else 0.0
        learned += step
        wait_share = 1 - step / taken if taken else float(minute.training)
        if minute.training:
            trained_minutes += 1
            starved += step == 0
        if step or minute.tickets:
            last_busy = now

        queued = sum(games for _, games in queue)
        wanted = queued + (GAMES_OF_AN_ACTOR * wait_share if minute.training else 0.0)
        desired = follow_actors.decide(wanted, desired, running)
        if minute.training:
            desired_learners = follow_learners.decide(ahead, desired_learners, learning) or 1
        if now % 5 == 0:
            groups = [
                Group("actors", 0, sizes.most_actors, desired, running, "stop", sizes.actor_hours),
                Group(
                    "learner",
                    *(0, sizes.most_learners, desired_learners, learning),
                    *("stop", sizes.learner_hours),
                ),
            ]
            changes, memory = look(
                groups,
                memory,
                now=now * 60.0 + 1,
                month="simulated",
                busy=now - last_busy < sizes.idle_minutes,
                idle_minutes=sizes.idle_minutes,
            )
            for change in changes:
                if change.group == "actors":
                    desired = change.desired
                else:
                    desired_learners = change.desired
        history.append(desired)
    return _report(
        actors, learners, waits, queue, history, learned, starved, trained_minutes, sizes
    )


def _played(queue: list[tuple[int, float]], now: int, games: float) -> list[tuple[float, float]]:
    """Takes games from the front of the queue; the minutes that they waited."""
    done = []
    while queue and games > 0:
        arrived, left = queue[0]
        taken = min(left, games)
        done.append((float(now - arrived), taken))
        games -= taken
        if taken == left:
            queue.pop(0)
        else:
            queue[0] = (arrived, left - taken)
    return done


def _report(
    actors: Fleet,
    learners: Fleet,
    waits: list[tuple[float, float]],
    queue: list[tuple[int, float]],
    history: list[int],
    learned: float,
    starved: int,
    trained_minutes: int,
    sizes: Sizes,
) -> dict[str, Any]:
    spot = {kind: MACHINES[kind][1] for kind in (ACTOR_TYPE, LEARNER_TYPE)}
    cost = actors.minutes / 60 * spot[ACTOR_TYPE] + learners.minutes / 60 * spot[LEARNER_TYPE]
    always = 24 * (sizes.most_actors * spot[ACTOR_TYPE] + sizes.most_learners * spot[LEARNER_TYPE])
    steps = np.diff(np.array([0, *history]))
    moves = steps[steps != 0]
    turns = int(np.sum(np.sign(moves[1:]) != np.sign(moves[:-1]))) if len(moves) else 0
    return {
        "cost_usd": round(cost, 2),
        "cost_always_at_most_usd": round(always, 2),
        "actor_machine_hours": round(actors.minutes / 60, 1),
        "learner_machine_hours": round(learners.minutes / 60, 1),
        "spot_losses": actors.lost + learners.lost,
        "games_waited_minutes": {
            "median": _quantile(waits, 0.5),
            "p95": _quantile(waits, 0.95),
            "longest": max((one for one, _ in waits), default=0.0),
        },
        "games_left": round(sum(games for _, games in queue)),
        "steps_learned": round(learned),
        "training_minutes": trained_minutes,
        "training_minutes_without_learning": starved,
        "resizes": len(moves),
        "turns": turns,
        "most_actors": max(history, default=0),
    }


def _quantile(waits: list[tuple[float, float]], share: float) -> float:
    """Minutes that a share of all games waited at most."""
    total = sum(games for _, games in waits)
    so_far = 0.0
    for minutes, games in sorted(waits):
        so_far += games
        if so_far >= share * total:
            return minutes
    return 0.0
