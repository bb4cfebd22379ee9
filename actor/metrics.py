"""What actors and evaluators tell Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary


class ActorMetrics:
    """Counters of one actor process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.agent_steps = Counter(
            "mazemesh_actor_agent_steps",
            "Steps of the seats that the learning policy holds.",
            registry=registry,
        )
        self.episodes = Counter(
            "mazemesh_actor_episodes", "Training episodes that ended.", registry=registry
        )
        self.rows = Counter(
            "mazemesh_actor_experience_rows",
            "Rows of experience that Replay has acknowledged.",
            registry=registry,
        )
        self.policy_version = Gauge(
            "mazemesh_actor_policy_version",
            "Number of the version that acts now.",
            registry=registry,
        )
        self.inference = Summary(
            "mazemesh_actor_inference_seconds",
            "Time of the inference of one step of a batch of games.",
            registry=registry,
        )
        self.waiting = Summary(
            "mazemesh_actor_game_wait_seconds",
            "Time that the actor waited for Game to play one step.",
            registry=registry,
        )
        self.blocked = Summary(
            "mazemesh_actor_replay_wait_seconds",
            "Time that rows waited for room before Replay: learners are slow, or Replay is.",
            registry=registry,
        )


class EvaluatorMetrics:
    """Counters of one evaluator process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.matches = Counter(
            "mazemesh_evaluator_matches",
            "Rating matches that ended, by result: played or failed.",
            ["result"],
            registry=registry,
        )
        for result in ("played", "failed"):  # or else the first one would be no growth
            self.matches.labels(result)
        self.agent_steps = Counter(
            "mazemesh_evaluator_agent_steps",
            "Steps of the seats that policies hold in rating matches.",
            registry=registry,
        )
        self.success_rate = Gauge(
            "mazemesh_evaluator_success_rate",
            "Success rate, 0..1, of a snapshot that plays greedily on held-out mazes.",
            ["policy"],
            registry=registry,
        )
