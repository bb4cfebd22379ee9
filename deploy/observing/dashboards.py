"""The dashboards: the mesh at a glance, training, rating, and what is scarce."""

from __future__ import annotations

from typing import Final

from deploy.observing.panels import Dashboard, Panel, Query, Row


def _rate(metric: str, by: str = "", window: str = "5m") -> str:
    """Growth a second, added up over all but the labels in `by`."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}[{window}]))"


def _mean(metric: str, by: str, window: str = "5m") -> str:
    """Mean of a histogram or summary."""
    return f"{_rate(metric + '_sum', by, window)} / {_rate(metric + '_count', by, window)}"


def _quantile(share: float, metric: str, by: str = "", over: str = "5m") -> str:
    """A quantile of a histogram."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[{over}])))"


OVERVIEW: Final = Dashboard(
    "mazemesh-overview",
    "Mazemesh: overview",
    "Whether all is well: processes, calls, games, learning, results, money.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Processes",
                    "How many of each kind answer.",
                    "short",
                    [Query("count by (component) (mazemesh_info)", "{{component}}")],
                    12,
                    single=True,
                ),
                Panel(
                    "Newest version",
                    "Published by each learner.",
                    "short",
                    [Query("max by (instance) (mazemesh_learner_version)", "{{instance}}")],
                    4,
                    single=True,
                ),
                Panel(
                    "Results that wait for Elo",
                    "Soon 0 again, unless Elo is away.",
                    "short",
                    [Query("max(mazemesh_game_outbox_results)")],
                    4,
                    single=True,
                ),
                Panel(
                    "Dollars a month",
                    "At the present rate, of processes that know what they cost.",
                    "currencyUSD",
                    [Query("mazemesh:dollars_a_month:sum")],
                    4,
                    single=True,
                ),
            ),
        ),
        Row(
            "Calls",
            (
                Panel(
                    "Calls a second",
                    "That ended, by service.",
                    "reqps",
                    [Query(_rate("grpc_server_handled_total", "grpc_service"), "{{grpc_service}}")],
                ),
                Panel(
                    "Refusals and faults a second",
                    "All but OK and CANCELLED. INTERNAL and UNKNOWN are faults of the service, "
                    "RESOURCE_EXHAUSTED is a limit, UNAVAILABLE a peer or database that is away.",
                    "reqps",
                    [
                        Query(
                            _rate(
                                'grpc_server_handled_total{grpc_code!~"OK|CANCELLED"}',
                                "grpc_service, grpc_code",
                            ),
                            "{{grpc_service}} {{grpc_code}}",
                        )
                    ],
                ),
                Panel(
                    "Latency, 99 of 100",
                    "Of calls; streams and long polls count to their end.",
                    "s",
                    [
                        Query(
                            _quantile(
                                0.99, "grpc_server_handling_seconds", "grpc_service, grpc_method"
                            ),
                            "{{grpc_method}}",
                        )
                    ],
                ),
            ),
        ),
        Row(
            "Work",
            (
                Panel(
                    "Games a second",
                    "That ended, by kind.",
                    "short",
                    [Query(_rate("mazemesh_game_games_finished_total", "kind"), "{{kind}}")],
                ),
                Panel(
                    "Agent steps a second",
                    "Played, and learned from.",
                    "short",
                    [
                        Query(_rate("mazemesh_actor_agent_steps_total"), "played"),
                        Query(_rate("mazemesh_learner_agent_steps_total"), "learned from"),
                    ],
                ),
                Panel(
                    "Results a second",
                    "That Elo received, by what became of them.",
                    "short",
                    [Query(_rate("mazemesh_elo_results_total", "status"), "{{status}}")],
                ),
            ),
        ),
    ),
)

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
                        Query(_rate("mazemesh_actor_inference_seconds_sum"), "inference"),
                        Query(_rate("mazemesh_actor_game_wait_seconds_sum"), "waits for Game"),
                        Query(_rate("mazemesh_actor_replay_wait_seconds_sum"), "waits for Replay"),
                    ],
                ),
                Panel(
                    "Learners: where the time goes",
                    "Seconds a second. Waiting for batches: more actors would help.",
                    "percentunit",
                    [
                        Query(_rate("mazemesh_learner_gradient_seconds_sum", "instance"), "learns"),
                        Query(_rate("mazemesh_learner_wait_seconds_sum", "instance"), "waits"),
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
                        Query(
                            _rate("mazemesh_replay_dropped_rows_total", "table"), "old {{table}}"
                        ),
                        Query(
                            _rate("mazemesh_replay_stale_updates_total", "table"), "late {{table}}"
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
                    "Policy lag",
                    "Versions between the policy that acted and the newest; of PPO below 3 or so.",
                    "short",
                    [Query("mazemesh_learner_policy_lag", "{{instance}}")],
                ),
                Panel(
                    "Updates a second",
                    "Batches learned from.",
                    "short",
                    [Query(_rate("mazemesh_learner_updates_total", "instance"), "{{instance}}")],
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

RATING: Final = Dashboard(
    "mazemesh-rating",
    "Mazemesh: rating and matchmaking",
    "Rating matches from the lease to the fit, and players who wait.",
    (
        Row(
            "Rating matches",
            (
                Panel(
                    "Leases a second",
                    "By what happened. Expired and abandoned ones should be rare.",
                    "short",
                    [Query(_rate("mazemesh_matchmaker_leases_total", "event"), "{{event}}")],
                ),
                Panel(
                    "Matches under way",
                    "Queued or leased, and those at Game.",
                    "short",
                    [
                        Query("max(mazemesh_matchmaker_matches_live)", "queued or leased"),
                        Query("sum(mazemesh_game_live_matches)", "at Game"),
                    ],
                ),
                Panel(
                    "Evaluators",
                    "Matches a second by result.",
                    "short",
                    [Query(_rate("mazemesh_evaluator_matches_total", "result"), "{{result}}")],
                ),
            ),
        ),
        Row(
            "Elo",
            (
                Panel(
                    "Results on their way",
                    "How many, and how long the oldest has waited.",
                    "short",
                    [
                        Query("max(mazemesh_game_outbox_results)", "results"),
                        Query("max(mazemesh_game_outbox_age_seconds)", "oldest, seconds"),
                        Query("max(mazemesh_game_refused_results)", "refused for ever"),
                    ],
                ),
                Panel(
                    "Matches that the fit has not seen",
                    "Soon 0 again.",
                    "short",
                    [
                        Query(
                            "max by (ladder) (mazemesh_elo_matches - mazemesh_elo_fitted_matches)",
                            "{{ladder}}",
                        )
                    ],
                ),
                Panel(
                    "Time of a fit",
                    "Mean and 99 of 100.",
                    "s",
                    [
                        Query(_mean("mazemesh_elo_refit_seconds", "instance"), "mean {{instance}}"),
                        Query(_quantile(0.99, "mazemesh_elo_refit_seconds"), "99 of 100"),
                    ],
                ),
                Panel(
                    "Players",
                    "By ladder.",
                    "short",
                    [Query("max by (ladder) (mazemesh_elo_players)", "{{ladder}}")],
                ),
                Panel(
                    "Who watches",
                    "Open streams.",
                    "short",
                    [
                        Query("sum(mazemesh_elo_watchers)", "leaderboards"),
                        Query("sum(mazemesh_model_watchers)", "policies"),
                    ],
                ),
            ),
        ),
        Row(
            "Players who wait",
            (
                Panel(
                    "Waiting",
                    "Tickets, and how long the oldest has waited.",
                    "short",
                    [
                        Query("max(mazemesh_matchmaker_tickets_waiting)", "players"),
                        Query("max(mazemesh_matchmaker_longest_wait_seconds)", "longest, seconds"),
                    ],
                ),
                Panel(
                    "Queue wait",
                    "From a ticket to its match.",
                    "s",
                    [
                        Query(_quantile(0.5, "mazemesh_matchmaker_ticket_wait_seconds"), "half"),
                        Query(
                            _quantile(0.95, "mazemesh_matchmaker_ticket_wait_seconds"), "95 of 100"
                        ),
                    ],
                ),
                Panel(
                    "Rating gap",
                    "Between the players of a match, in Elo points.",
                    "short",
                    [
                        Query(_quantile(0.5, "mazemesh_matchmaker_rating_gap"), "half"),
                        Query(_quantile(0.95, "mazemesh_matchmaker_rating_gap"), "95 of 100"),
                    ],
                ),
            ),
        ),
        Row(
            "Gates",
            (
                Panel(
                    "Decisions of a day",
                    "Of promotion gates, by verdict.",
                    "short",
                    [
                        Query(
                            "sum by (verdict) (increase(mazemesh_elo_gate_decisions_total[1d]))",
                            "{{verdict}}",
                        )
                    ],
                ),
                Panel(
                    "Matches of a decision",
                    "That gates had seen when they were decided, over a day.",
                    "short",
                    [
                        Query(_quantile(0.5, "mazemesh_elo_gate_matches", over="1d"), "half"),
                        Query(_quantile(0.95, "mazemesh_elo_gate_matches", over="1d"), "95 of 100"),
                    ],
                ),
                Panel(
                    "Gates that run",
                    "As the Matchmaker sees them; more than a few for long wait for evaluators.",
                    "short",
                    [Query("max(mazemesh_matchmaker_gates_running)", "running")],
                ),
                Panel(
                    "Ends of a day",
                    "How gates ended: promoted ones have moved an alias.",
                    "short",
                    [
                        Query(
                            "sum by (state) (increase(mazemesh_matchmaker_gates_total[1d]))",
                            "{{state}}",
                        )
                    ],
                ),
            ),
        ),
    ),
)

SATURATION: Final = Dashboard(
    "mazemesh-saturation",
    "Mazemesh: what is scarce",
    "Processors, memory, connections, disks, certificates, money.",
    (
        Row(
            "Processes",
            (
                Panel(
                    "Processor",
                    "Cores in use. A service is one event loop: near 1 it is full; start another.",
                    "short",
                    [Query("rate(process_cpu_seconds_total[5m])", "{{job}} {{instance}}")],
                ),
                Panel(
                    "Memory",
                    "Resident.",
                    "bytes",
                    [Query("process_resident_memory_bytes", "{{job}} {{instance}}")],
                ),
                Panel(
                    "Open files and sockets",
                    "Share of what the process may have.",
                    "percentunit",
                    [Query("process_open_fds / process_max_fds", "{{job}} {{instance}}")],
                ),
                Panel(
                    "Calls and streams that are open",
                    "By method.",
                    "short",
                    [Query("sum by (grpc_method) (grpc_server_in_flight)", "{{grpc_method}}")],
                ),
                Panel(
                    "Time of a step",
                    "Of a batch of games, 99 of 100.",
                    "s",
                    [
                        Query(
                            _quantile(0.99, "mazemesh_game_step_seconds", "kind, game"),
                            "{{kind}} {{game}}",
                        )
                    ],
                ),
                Panel(
                    "Memory of games",
                    "Reserved.",
                    "bytes",
                    [Query("mazemesh_game_memory_bytes", "{{instance}}")],
                ),
            ),
        ),
        Row(
            "Database",
            (
                Panel(
                    "How full",
                    "Share of the connections that are in use, over time.",
                    "percentunit",
                    [
                        Query(
                            "rate(mazemesh_database_busy_seconds_total[5m]) "
                            "/ mazemesh_database_connections",
                            "{{instance}}",
                        )
                    ],
                ),
                Panel(
                    "Waiting transactions",
                    "Mean number that wait for a connection.",
                    "short",
                    [Query("rate(mazemesh_database_wait_seconds_total[5m])", "{{instance}}")],
                ),
                Panel(
                    "Transactions a second",
                    "Also those that failed.",
                    "short",
                    [Query("rate(mazemesh_database_transactions_total[5m])", "{{instance}}")],
                ),
            ),
        ),
        Row(
            "Ahead",
            (
                Panel(
                    "Disk that is free",
                    "Share of the data folder's file system.",
                    "percentunit",
                    [
                        Query(
                            "mazemesh_data_disk_free_bytes / mazemesh_data_disk_bytes",
                            "{{instance}}",
                        )
                    ],
                ),
                Panel(
                    "Certificates",
                    "Until they expire.",
                    "s",
                    [
                        Query(
                            "mazemesh_tls_certificate_expiry_seconds - time()",
                            "{{instance}}",
                        )
                    ],
                ),
                Panel(
                    "Dollars a month",
                    "At the present rate, and the budget of the rules.",
                    "currencyUSD",
                    [
                        Query("mazemesh:dollars_a_month:sum", "now"),
                        Query("mazemesh:dollars_a_month:budget", "budget"),
                    ],
                ),
            ),
        ),
    ),
)

ALL: Final = (OVERVIEW, TRAINING, RATING, SATURATION)
