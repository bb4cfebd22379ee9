"""The mesh at a glance."""

from __future__ import annotations

from typing import Final

from deploy.observing.dashboards.queries import quantile, rate
from deploy.observing.panels import Dashboard, Panel, Query, Row

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
                    [Query(rate("grpc_server_handled_total", "grpc_service"), "{{grpc_service}}")],
                ),
                Panel(
                    "Refusals and faults a second",
                    "All but OK and CANCELLED. INTERNAL and UNKNOWN are faults of the service, "
                    "RESOURCE_EXHAUSTED is a limit, UNAVAILABLE a peer or database that is away.",
                    "reqps",
                    [
                        Query(
                            rate(
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
                            quantile(
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
                    [Query(rate("mazemesh_game_games_finished_total", "kind"), "{{kind}}")],
                ),
                Panel(
                    "Agent steps a second",
                    "Played, and learned from.",
                    "short",
                    [
                        Query(rate("mazemesh_actor_agent_steps_total"), "played"),
                        Query(rate("mazemesh_learner_agent_steps_total"), "learned from"),
                    ],
                ),
                Panel(
                    "Results a second",
                    "That Elo received, by what became of them.",
                    "short",
                    [Query(rate("mazemesh_elo_results_total", "status"), "{{status}}")],
                ),
            ),
        ),
    ),
)
