"""The nouns: an experiment has arms, which are versions of a policy, and rules by which it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

MOST_ARMS: Final = 8
MOST_RUNNING: Final = 64
MOST_STEPS: Final = 32

USUAL_STEPS: Final = (0.01, 0.05, 0.25, 0.5)
USUAL_STEP_SECONDS: Final = 60.0
USUAL_STEP_ANSWERS: Final = 100
USUAL_SIGNIFICANCE: Final = 0.05
USUAL_SLOW_SECONDS: Final = 0.1
USUAL_LEAST_EFFECT: Final = 0.05
USUAL_POWER: Final = 0.99


class Kind(IntEnum):
    """What is done with the arms; the numbers are those of the wire and of the database."""

    AB = 1
    CANARY = 2
    SHADOW = 3


class State(IntEnum):
    """Life of an experiment; the numbers are those of the wire and of the database."""

    RUNNING = 1
    STOPPED = 2
    ROLLED_BACK = 3
    PASSED = 4
    OVERTAKEN = 5


class Metric(IntEnum):
    """What arms are compared by; the numbers are those of the wire."""

    SCORE = 1
    ERRORS = 2
    SLOW = 3

    @property
    def is_better_high(self) -> bool:
        """Whether the better arm has the higher mean."""
        return self is Metric.SCORE

    @property
    def words(self) -> str:
        """Its mean, in words."""
        return {1: "mean score", 2: "share of failed calls", 3: "share of slow calls"}[self]


@dataclass(frozen=True, slots=True)
class Rules:
    """When an arm is worse than the first, see ExperimentRules in model.proto; None: no such rule.

    Attributes:
        significance: Chance of rolling back an arm that is as good, of all rules and arms together.
        max_score_loss: Tolerance of the mean score.
        max_error_increase: Of the share of failed calls.
        max_slow_increase: Of the share of slow calls.
        slow_seconds: A call that takes longer is slow.
        least_effect: Difference of scores that is to be found, beyond the tolerance.
        power: Chance of finding it.
    """

    significance: float = USUAL_SIGNIFICANCE
    max_score_loss: float | None = 0.0
    max_error_increase: float | None = 0.01
    max_slow_increase: float | None = 0.05
    slow_seconds: float = USUAL_SLOW_SECONDS
    least_effect: float = USUAL_LEAST_EFFECT
    power: float = USUAL_POWER

    def tolerance(self, metric: Metric) -> float | None:
        """What is put up with; None: no rule rests on the metric."""
        return {
            Metric.SCORE: self.max_score_loss,
            Metric.ERRORS: self.max_error_increase,
            Metric.SLOW: self.max_slow_increase,
        }[metric]

    @property
    def count(self) -> int:
        """How many rules there are."""
        return sum(self.tolerance(metric) is not None for metric in Metric)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a canary's share rises, see CanaryPlan in model.proto."""

    steps: tuple[float, ...] = USUAL_STEPS
    step_seconds: float = USUAL_STEP_SECONDS
    step_answers: int = USUAL_STEP_ANSWERS
    step_outcomes: int = 0
    promote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What was asked for; it never changes.

    Attributes:
        experiment_id: Unique for ever.
        kind: What is done with the arms.
        name: Of the policy.
        alias: Whose calls are served by the arms.
        versions: Of the arms, the first of which the others are held against.
        weights: At the start.
        rules: When an arm is worse.
        plan: Of a canary; None of others.
        reason: Why, in words.
        creator: Who asks, as the caller says.
    """

    experiment_id: str
    kind: Kind
    name: str
    alias: str
    versions: tuple[int, ...]
    weights: tuple[float, ...]
    rules: Rules = Rules()
    plan: Plan | None = None
    reason: str = ""
    creator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An experiment as it stands.

    Attributes:
        definition: What was asked for.
        state: RUNNING until it ends.
        weights: Of the arms now.
        step: Of a canary, from 0.
        step_begun: When the step began (UTC).
        step_answers: Calls that the canary had answered by then.
        step_outcomes: Outcomes that it had by then.
        revision: One more with each change.
        key_id: Of the key that was shown at the start.
        explanation: Why it ended.
        created: When it was made (UTC).
        ended: When it ended; None while it runs.
    """

    definition: Definition
    state: State = State.RUNNING
    weights: tuple[float, ...]
    step: int = 0
    step_begun: datetime
    step_answers: int = 0
    step_outcomes: int = 0
    revision: int = 1
    key_id: str = ""
    explanation: str = ""
    created: datetime
    ended: datetime | None = None

    @property
    def experiment_id(self) -> str:
        """Of its definition."""
        return self.definition.experiment_id

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.state is State.RUNNING

    @property
    def policy(self) -> str:
        """`name:alias`."""
        return f"{self.definition.name}:{self.definition.alias}"

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the sessions that each arm answers; a shadow's second arm answers none."""
        if self.definition.kind is Kind.SHADOW:
            return (1.0, *(0.0 for _ in self.weights[1:]))
        return shares(self.weights)

    def reference(self, arm: int) -> str:
        """`name:number` of an arm."""
        return f"{self.definition.name}:{self.definition.versions[arm]}"


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights as parts of 1."""
    total = sum(weights)
    return tuple(weight / total for weight in weights)
