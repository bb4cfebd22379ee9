"""Which experiment a call is of, and which arm serves it: what an instance knows by heart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.model.experiments.calls.assignment import arm_of, is_shown
from services.model.experiments.experiment import Experiment, Kind
from services.model.registry.policy import Alias, Event


@dataclass(frozen=True, slots=True)
class Route:
    """An experiment that runs, as calls need it.

    Attributes:
        experiment: As it stood when it was last read.
        references: `name:number` of each arm.
    """

    experiment: Experiment
    references: tuple[str, ...]

    @classmethod
    def of(cls, experiment: Experiment) -> Route:
        """The route of an experiment."""
        arms = range(len(experiment.definition.versions))
        return cls(experiment, tuple(map(experiment.reference, arms)))

    @property
    def experiment_id(self) -> str:
        """Of the experiment."""
        return self.experiment.experiment_id

    @property
    def slow_seconds(self) -> float:
        """A call that takes longer is slow."""
        return self.experiment.definition.rules.slow_seconds

    def arm_of(self, session: str) -> int:
        """The arm that answers a session."""
        if self.experiment.definition.kind is Kind.SHADOW:
            return 0
        return arm_of(self.experiment_id, session, self.experiment.weights)

    def is_shown(self, session: str) -> bool:
        """Whether a call of the session is run by a shadow, too."""
        experiment = self.experiment
        return experiment.definition.kind is Kind.SHADOW and is_shown(
            self.experiment_id, session, experiment.weights[1]
        )


class Routes:
    """By policy, as calls name it."""

    def __init__(self) -> None:
        self._by_policy: Mapping[str, Route] = {}

    def __len__(self) -> int:
        return len(self._by_policy)

    def get(self, policy: str) -> Route | None:
        """The route of "name:alias"; None where no experiment runs."""
        return self._by_policy.get(policy)

    def all(self) -> list[Route]:
        """All of them."""
        return list(self._by_policy.values())

    def set(self, experiments: Iterable[Experiment]) -> None:
        """Replaces them all at once, so that no call meets half of a change."""
        self._by_policy = {one.policy: Route.of(one) for one in experiments}

    def put(self, experiment: Experiment) -> None:
        """Takes up one that changed: it ends where it runs no more."""
        others = {
            policy: route
            for policy, route in self._by_policy.items()
            if route.experiment_id != experiment.experiment_id
        }
        if experiment.is_running:
            others[experiment.policy] = Route.of(experiment)
        self._by_policy = others

    def take(self, events: Iterable[Event]) -> None:
        """Follows changes of the registry: who moves an alias is heeded before the experiment."""
        for event in events:
            moved = event.subject
            if not isinstance(moved, Alias):
                continue
            route = self.get(f"{moved.name}:{moved.alias}")
            if route is not None and moved.number != route.experiment.definition.versions[0]:
                self._by_policy = {
                    policy: other for policy, other in self._by_policy.items() if other is not route
                }
