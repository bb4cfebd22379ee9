"""The JSON that `mazemesh up --summary FILE` leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supervisor.watching.overview import Overview


def summary(overview: Overview, problems: Sequence[str] = ()) -> dict[str, Any]:
    """Plain data.

    `success_rate` is that of the newest snapshot on held-out mazes, greedy: the share of mazes
    solved, or for games of several seats the share of games won against bot/random; null
    before the first probe. `success_history` tells when each snapshot's was known. `instances`
    are those of each service that ran at the end.
    """
    return {
        "seconds": round(overview.seconds, 1),
        "games_finished": overview.games,
        "agent_steps": overview.agent_steps,
        "agent_steps_per_second": round(overview.agent_steps / max(overview.seconds, 1e-9), 1),
        "experience_recorded": overview.experience,
        "versions_published": overview.versions,
        "snapshots": overview.snapshots,
        "instances": overview.instances,
        "restarts": overview.restarts,
        "training_step": overview.training_step,
        "first_game_seconds": overview.first_game_seconds,
        "problems": list(problems),
        "success_rate": overview.success_rate,
        "success_history": [
            {"policy": policy, "seconds": round(seconds, 1), "success_rate": rate}
            for policy, (seconds, rate) in overview.success.items()
        ],
        "leaderboard": [
            {
                "policy": row.player,
                "rating": round(row.rating, 1),
                "low": round(row.low, 1),
                "high": round(row.high, 1),
                "games": row.games,
            }
            for row in overview.leaderboard
        ],
    }


def write_summary(path: Path, overview: Overview, problems: Sequence[str] = ()) -> None:
    """Writes the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(summary(overview, problems), indent=2) + "\n")
    temporary.replace(path)
