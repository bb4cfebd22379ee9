"""What the learner tells Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary


class LearnerMetrics:
    """Counters of one learner process, all named mazemesh_learner_*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.training_step = Gauge(
            "mazemesh_learner_training_step", "Gradient steps of this run", registry=registry
        )
        self.agent_steps = Counter(
            "mazemesh_learner_agent_steps", "Steps of experience learned from", registry=registry
        )
        self.samples = Counter(
            "mazemesh_learner_samples", "Rows drawn from Replay", registry=registry
        )
        self.updates = Counter(
            "mazemesh_learner_updates", "Batches learned from", registry=registry
        )
        self.loss = Gauge(
            "mazemesh_learner_loss",
            "Losses and other statistics of the last batch",
            ["part"],
            registry=registry,
        )
        self.lag_versions = Gauge(
            "mazemesh_learner_policy_lag",
            "Versions between the policy that acted and the newest, mean of the last batch",
            registry=registry,
        )
        self.lag_steps = Gauge(
            "mazemesh_learner_policy_lag_steps",
            "Gradient steps between the policy that acted and the trained one",
            registry=registry,
        )
        self.version = Gauge(
            "mazemesh_learner_version", "Newest version published", registry=registry
        )
        self.gradient = Summary(
            "mazemesh_learner_gradient_seconds", "Learning from one batch", registry=registry
        )
        self.waiting = Summary(
            "mazemesh_learner_wait_seconds", "Waiting for one batch", registry=registry
        )
