"""Actors, experience, learners and versions."""

from __future__ import annotations

from typing import Final

from deploy.observing.dashboards.queries import rate
from deploy.observing.panels import Dashboard, Panel, Query, Row

TRAINING: Final = Dashboard(
    "mazemesh-training",
    "Mazemesh: training",
    "Actors, experience, learners, versions: where the loop waits for itself.",
    (
        Row(
            "Who waits for whom",
            (
                Panel(
                    "Actors: where the time goes",
                    "Seconds a second. Waiting for Replay: learners are slow. Waiting for Game: "
                    "its machine is busy.",
                    "percentunit",
                    [
                        Query(rate("mazemesh_actor_inference_seconds_sum"), "inference"),
                        Query(rate("mazemesh_actor_game_wait_seconds_sum"), "waits for Game"),
                        Query(rate("mazemesh_actor_replay_wait_seconds_sum"), "waits for Replay"),
                    ],
                ),
                Panel(
                    "Learners: where the time goes",
                    "Seconds a second. Waiting for batches: more actors would help.",
                    "percentunit",
                    [
                        Query(rate("mazemesh_learner_gradient_seconds_sum", "instance"), "learns"),
                        Query(rate("mazemesh_learner_wait_seconds_sum", "instance"), "waits"),
                    ],
                ),
                Panel(
                    "Calls that wait for the limiter",
                    "Inserts: learners are behind. Samples: actors are.",
                    "short",
                    [
                        Query("mazemesh_replay_waiting_inserts", "inserts {{table}}"),
                        Query("mazemesh_replay_waiting_samples", "samples {{table}}"),
                    ],
                ),
            ),
        ),
        Row(
            "Experience",
            (
                Panel(
                    "Rows a second",
                    "Into and out of each table.",
                    "short",
                    [
                        Query("mazemesh:rows_in:rate1m", "in {{table}}"),
                        Query("mazemesh:rows_out:rate1m", "out {{table}}"),
                    ],
                ),
                Panel(
                    "Fill",
                    "Share of each table's capacity.",
                    "percentunit",
                    [
                        Query(
                            "mazemesh_replay_table_size_rows / mazemesh_replay_table_capacity_rows",
                            "{{table}}",
                        )
                    ],
                ),
                Panel(
                    "The limiter's difference",
                    "Between its ends: at the lower one samples wait, at the upper one inserts.",
                    "short",
                    [
                        Query("mazemesh_replay_limiter_diff_rows", "{{table}}"),
                        Query("mazemesh_replay_limiter_lowest_diff_rows", "lowest {{table}}"),
                        Query("mazemesh_replay_limiter_highest_diff_rows", "highest {{table}}"),
                    ],
                ),
                Panel(
                    "Rows that came to nothing a second",
                    "Deleted for their old policy, and priorities of rows that were gone.",
                    "short",
                    [
                        Query(rate("mazemesh_replay_dropped_rows_total", "table"), "old {{table}}"),
                        Query(
                            rate("mazemesh_replay_stale_updates_total", "table"), "late {{table}}"
                        ),
                    ],
                ),
                Panel(
                    "Age of copies",
                    "What a lost machine would cost.",
                    "s",
                    [
                        Query("mazemesh_replay_copy_age_seconds", "rows {{instance}}"),
                        Query("mazemesh_replay_priorities_age_seconds", "priorities {{instance}}"),
                    ],
                ),
            ),
        ),
        Row(
            "Learning",
            (
                Panel(
                    "Reward",
                    "Mean of the training episodes that ended last, with shaping.",
                    "short",
                    [Query('mazemesh_learner_episodes{figure="episode_reward"}', "{{instance}}")],
                ),
                Panel(
                    "Policy lag",
                    "Versions between the policy that acted and the newest; of PPO below 3 or so.",
                    "short",
                    [Query("mazemesh_learner_policy_lag", "{{instance}}")],
                ),
                Panel(
                    "Updates a second",
                    "Batches learned from.",
                    "short",
                    [Query(rate("mazemesh_learner_updates_total", "instance"), "{{instance}}")],
                ),
                Panel(
                    "Losses",
                    "Of the last batch.",
                    "short",
                    [Query("mazemesh_learner_loss", "{{part}} {{instance}}")],
                ),
                Panel(
                    "Success of snapshots",
                    "Greedy play on held-out mazes.",
                    "percentunit",
                    [Query("mazemesh_evaluator_success_rate", "{{policy}}")],
                ),
                Panel(
                    "Mean return",
                    "Of the last training episodes.",
                    "short",
                    [Query("mazemesh_game_mean_return", "{{game}}")],
                ),
                Panel(
                    "Publishes in a quarter of an hour",
                    "Rejected: a check failed. Refused: it was malformed.",
                    "short",
                    [
                        Query(
                            "sum by (result) (increase(mazemesh_model_publishes_total[15m]))",
                            "{{result}}",
                        )
                    ],
                ),
            ),
        ),
    ),
)
