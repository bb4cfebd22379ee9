"""What the mesh's load is, in the figures that groups of machines are scaled by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

NAMESPACE: Final = "Mazemesh"
"""Of all figures in CloudWatch."""

GAMES_OF_AN_ACTOR: Final = 256
"""Games that an actor plays at once: a learner that waits all the time wants one more actor's."""

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
"""Values by a metric's name and its sorted labels, of one Prometheus page."""

ASKED: Final = frozenset(
    {
        *("FindMatch", "PlayGame", "WatchGame", "CreateTournament", "PublishPolicy", "Infer"),
        *("GetLeaderboard", "WatchLeaderboard", "GetReplay", "ListActiveGames", "ListReplays"),
        *("GetHeadToHead", "GetRatingHistory", "ListTournaments", "WatchTournament"),
        *("ListGates", "GetGatePath", "WatchGate", "GetEmpiricalGame"),
        *("StartGate", "CancelGate", "ListGateRuns", "WatchGateRun", "ListAliasHistory"),
    }
)
"""Methods that people call, and the mesh's own processes do not call all the time."""


@dataclass(frozen=True)
class Counts:
    """Counters and gauges of one look at all pages; counters only grow.

    Attributes:
        inserted_rows, sampled_rows: Of all tables.
        sample_wait_seconds: That samples waited for the limiter, of all tables.
        learned_steps: Agent steps that learners learned from.
        asked: Calls by people that ended.
        matches, tickets: Rating matches queued or leased; players that wait.
        ahead_rows: Inserts that the limiter has let run ahead of samples, as it counts them.
    """

    inserted_rows: float = 0.0
    sampled_rows: float = 0.0
    sample_wait_seconds: float = 0.0
    learned_steps: float = 0.0
    asked: float = 0.0
    matches: float = 0.0
    tickets: float = 0.0
    ahead_rows: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        return Counts(
            **{field.name: mine[field.name] + theirs[field.name] for field in fields(self)}
        )


_READ: Final = {
    "mazemesh_replay_inserted_rows_total": "inserted_rows",
    "mazemesh_replay_sampled_rows_total": "sampled_rows",
    "mazemesh_replay_sample_wait_seconds_total": "sample_wait_seconds",
    "mazemesh_learner_agent_steps_total": "learned_steps",
    "mazemesh_matchmaker_matches_live": "matches",
    "mazemesh_matchmaker_tickets_waiting": "tickets",
}


def count(samples: Samples) -> Counts:
    """The counts of one page."""
    totals: dict[str, float] = {}
    for (name, labels), value in samples.items():
        field = _READ.get(name)
        if name == "mazemesh_replay_limiter_diff_rows":
            field, value = "ahead_rows", max(value, 0.0)
        elif name == "grpc_server_handled_total" and dict(labels).get("grpc_method") in ASKED:
            field = "asked"
        if field is not None:
            totals[field] = totals.get(field, 0.0) + value
    return Counts(**totals)


def grown(before: float, now: float) -> float:
    """What a counter has grown by; one that went down has started anew."""
    return now - before if now >= before else now


def figures(before: Counts, now: Counts, seconds: float) -> dict[str, float]:
    """CloudWatch's metrics by name, of the time between two looks of a machine.

    QueuedGames wait for somebody who plays them: rating matches and players' tickets. WantedGames
    are those that learners wait for: of one actor, in proportion to the time that samples waited.
    The two are told by different machines and added up by the scaling policy.
    """
    waited = grown(before.sample_wait_seconds, now.sample_wait_seconds)
    share = min(waited / seconds, 1.0) if seconds > 0 else 0.0
    return {
        "QueuedGames": now.matches + now.tickets,
        "WantedGames": GAMES_OF_AN_ACTOR * share,
        "InsertsMinusSamples": now.ahead_rows,
        "RowsInserted": grown(before.inserted_rows, now.inserted_rows),
        "RowsSampled": grown(before.sampled_rows, now.sampled_rows),
        "LearnedSteps": grown(before.learned_steps, now.learned_steps),
        "Asked": grown(before.asked, now.asked),
    }
