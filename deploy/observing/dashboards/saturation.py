"""What is scarce."""

from __future__ import annotations

from typing import Final

from deploy.observing.dashboards.queries import quantile
from deploy.observing.panels import Dashboard, Panel, Query, Row

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
                            quantile(0.99, "mazemesh_game_step_seconds", "kind, game"),
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
