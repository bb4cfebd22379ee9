"""What the learner tells Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary


class LearnerMetrics:
    """Counters of one learner process, all named mazemesh_learner_*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.training_step = Gauge(
            "mazemesh_learner_training_step",
            "Gradient steps of this run, also those before a restart.",
            registry=registry,
        )
        self.agent_steps = Counter(
            "mazemesh_learner_agent_steps",
            "Steps of experience learned from, once each.",
            registry=registry,
        )
        self.samples = Counter(
            "mazemesh_learner_samples",
            "Rows drawn from Replay, as often as they were.",
            registry=registry,
        )
        self.updates = Counter(
            "mazemesh_learner_updates", "Batches learned from since the start.", registry=registry
        )
        self.loss = Gauge(
            "mazemesh_learner_loss",
            "Losses and other statistics of the last batch, by name.",
            ["part"],
            registry=registry,
        )
        self.lag_versions = Gauge(
            "mazemesh_learner_policy_lag",
            "Versions between the policy that acted and the newest one, mean of the last batch.",
            registry=registry,
        )
        self.lag_steps = Gauge(
            "mazemesh_learner_policy_lag_steps",
            "Gradient steps between the policy that acted and the trained one, mean of the last "
            "batch.",
            registry=registry,
        )
        self.episodes = Gauge(
            "mazemesh_learner_episodes",
            "Means of the training episodes that ended last, by name: episode_reward (with "
            "shaping), episode_steps and episode_success.",
            ["figure"],
            registry=registry,
        )
        self.version = Gauge(
            "mazemesh_learner_version",
            "Number of the newest version that was published.",
            registry=registry,
        )
        self.gradient = Summary(
            "mazemesh_learner_gradient_seconds", "Time to learn from one batch.", registry=registry
        )
        self.waiting = Summary(
            "mazemesh_learner_wait_seconds",
            "Time that the learner waited for one batch: actors are slow, or Replay is.",
            registry=registry,
        )
