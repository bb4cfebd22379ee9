"""A thousand people in front of a gateway, by locust:

    locust -f bench/gateway/crowd.py --headless -u 1000 -r 100 -t 60s --host http://127.0.0.1:50060

Each looks at something every one to five seconds, as people who follow a mesh do.
"""

from __future__ import annotations

from locust import FastHttpUser, between, task


class Person(FastHttpUser):
    """Looks around."""

    wait_time = between(1, 5)
    network_timeout = 30.0
    connection_timeout = 30.0

    @task(4)
    def leaderboard(self) -> None:
        self.client.get("/leaderboards/race", name="leaderboard")

    @task(3)
    def games(self) -> None:
        self.client.get("/games/running")

    @task(2)
    def policies(self) -> None:
        self.client.get("/policies")

    @task(1)
    def home(self) -> None:
        self.client.get("/console/")

    @task(1)
    def recordings(self) -> None:
        self.client.get("/recordings")
