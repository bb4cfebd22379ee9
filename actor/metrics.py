"""What actors and evaluators tell Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary


class ActorMetrics:
    """Counters of one actor process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.agent_steps = Counter(
            "mazemesh_actor_agent_steps", "Steps of the student's seats", registry=registry
        )
        self.episodes = Counter(
            "mazemesh_actor_episodes", "Training episodes finished", registry=registry
        )
        self.rows = Counter(
            "mazemesh_actor_experience_rows", "Rows acknowledged by Replay", registry=registry
        )
        self.policy_version = Gauge(
            "mazemesh_actor_policy_version", "Version that acts", registry=registry
        )
        self.inference = Summary(
            "mazemesh_actor_inference_seconds", "Inference of one step", registry=registry
        )
        self.waiting = Summary(
            "mazemesh_actor_game_wait_seconds", "Waiting for one step", registry=registry
        )
        self.blocked = Summary(
            "mazemesh_actor_replay_wait_seconds", "Waiting to hand over rows", registry=registry
        )


class EvaluatorMetrics:
    """Counters of one evaluator process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.matches = Counter(
            "mazemesh_evaluator_matches", "Rating matches played", ["result"], registry=registry
        )
        self.agent_steps = Counter(
            "mazemesh_evaluator_agent_steps", "Steps of policies' seats", registry=registry
        )
        self.success_rate = Gauge(
            "mazemesh_evaluator_success_rate",
            "Greedy success of a snapshot on held-out mazes",
            ["policy"],
            registry=registry,
        )
