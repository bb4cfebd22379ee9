"""Rating matches, players who wait, and gates."""

from __future__ import annotations

from typing import Final

from deploy.observing.dashboards.queries import mean, quantile, rate
from deploy.observing.panels import Dashboard, Panel, Query, Row

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
                    [Query(rate("mazemesh_matchmaker_leases_total", "event"), "{{event}}")],
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
                    [Query(rate("mazemesh_evaluator_matches_total", "result"), "{{result}}")],
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
                        Query(mean("mazemesh_elo_refit_seconds", "instance"), "mean {{instance}}"),
                        Query(quantile(0.99, "mazemesh_elo_refit_seconds"), "99 of 100"),
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
                        Query(quantile(0.5, "mazemesh_matchmaker_ticket_wait_seconds"), "half"),
                        Query(
                            quantile(0.99, "mazemesh_matchmaker_ticket_wait_seconds"), "99 of 100"
                        ),
                    ],
                ),
                Panel(
                    "Rating gap",
                    "Between the players of a match, in Elo points.",
                    "short",
                    [
                        Query(quantile(0.5, "mazemesh_matchmaker_rating_gap"), "half"),
                        Query(quantile(0.99, "mazemesh_matchmaker_rating_gap"), "99 of 100"),
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
                        Query(quantile(0.5, "mazemesh_elo_gate_matches", over="1d"), "half"),
                        Query(quantile(0.95, "mazemesh_elo_gate_matches", over="1d"), "95 of 100"),
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
        Row(
            "Tournaments",
            (
                Panel(
                    "Tournaments that run",
                    "`mazemesh tournament show` says what one waits for.",
                    "short",
                    [Query("max(mazemesh_matchmaker_tournaments_running)", "running")],
                ),
                Panel(
                    "Matches of tournaments",
                    "Whose results were taken, a second.",
                    "short",
                    [
                        Query(
                            "sum(rate(mazemesh_matchmaker_tournament_matches_total[5m]))", "matches"
                        )
                    ],
                ),
                Panel(
                    "Not played out, of a day",
                    "Encounters by who did not come; void ones could not be played.",
                    "short",
                    [
                        Query(
                            "sum by (why) "
                            "(increase(mazemesh_matchmaker_tournament_forfeits_total[1d]))",
                            "{{why}}",
                        )
                    ],
                ),
            ),
        ),
        Row(
            "What policies are asked",
            (
                Panel(
                    "Drift",
                    "Stability index against validation, of each version's worst column; above "
                    "0.25 is much.",
                    "short",
                    [
                        Query(
                            "max by (policy) (mazemesh_model_drift_psi)",
                            "{{policy}}",
                        )
                    ],
                ),
                Panel(
                    "Drift by column",
                    "Kolmogorov and Smirnov's statistic.",
                    "short",
                    [
                        Query(
                            "max by (policy, column) (mazemesh_model_drift_ks)",
                            "{{policy}} {{column}}",
                        )
                    ],
                ),
                Panel(
                    "Values and entropy",
                    "Means of what versions answer.",
                    "short",
                    [
                        Query(
                            "avg by (policy, column) "
                            '(mazemesh_model_drift_mean{column=~"value|entropy"})',
                            "{{policy}} {{column}}",
                        )
                    ],
                ),
            ),
        ),
    ),
)
