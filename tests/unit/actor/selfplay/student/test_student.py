"""The student follows `latest`, and asks for a version once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from actor.selfplay.student.student import Student
from mazemesh.errors import Unavailable
from mazemesh.games import GameSettings, get_game
from mazemesh.policy.cache import PolicyCache
from mazemesh.policy.file.weights import Graph
from mazemesh.v1.model_pb2 import POLICY_STATE_RETIRED, Alias, PolicyVersion, WatchPoliciesResponse
from tests.onnx_policies import Network

SPEC = get_game("solo").spec(GameSettings())


class FakeModel:
    """Versions 1 to `latest`; a watch tells `events`, then sets `stop` and breaks off.

    Attributes:
        asked: References of all `get`, in order.
    """

    def __init__(self, events: list[WatchPoliciesResponse], stop: threading.Event) -> None:
        self.latest, self.asked = 1, list[str]()
        self._events, self._stop = events, stop

    def get(
        self, policy: str, if_none_match: str = "", graph: Graph | None = None
    ) -> tuple[PolicyVersion, bytes | None]:
        self.asked.append(policy)
        description = PolicyVersion(
            name="solo",
            version=self.latest,
            sha256=str(self.latest),
            revision=3 * self.latest,
            spec_hash=SPEC.spec_hash,
        )
        if if_none_match == description.sha256:
            return description, None
        network = Network(SPEC.observation_size, SPEC.num_actions, seed=self.latest)
        return description, network.file()

    def watch(
        self, name: str = "", since_revision: int = 0, graph_sha256: str = ""
    ) -> Iterator[WatchPoliciesResponse]:
        # As Model does with a revision that it keeps no more.
        assert since_revision == 0, "OUT_OF_RANGE"
        for event in self._events:
            self.latest = max(self.latest, event.alias.version)
            yield event
        self._stop.set()
        raise Unavailable("the watch is over")


def published(version: int) -> list[WatchPoliciesResponse]:
    """What Model tells of a publish, once it keeps no more than some versions."""
    return [
        WatchPoliciesResponse(policy=PolicyVersion(name="solo", version=version)),
        WatchPoliciesResponse(alias=Alias(name="solo", alias="latest", version=version)),
        WatchPoliciesResponse(
            policy=PolicyVersion(name="solo", version=1, state=POLICY_STATE_RETIRED)
        ),
    ]


def followed(events: list[WatchPoliciesResponse]) -> tuple[Student, FakeModel]:
    stop = threading.Event()
    model = FakeModel(events, stop)
    student = Student(model, "solo", stop)
    student.wait()
    student.follow(SPEC)
    return student, model


def test_a_version_is_asked_for_once() -> None:
    student, model = followed([*published(2), *published(3)])
    assert student.version == 3
    # The first two come before the watch: to have one at all, and for what was missed.
    assert model.asked == ["solo:latest"] * 4


def test_what_is_not_about_latest_asks_for_nothing() -> None:
    champion = WatchPoliciesResponse(alias=Alias(name="solo", alias="champion", version=9))
    again = WatchPoliciesResponse(alias=Alias(name="solo", alias="latest", version=1))
    heartbeat = WatchPoliciesResponse(revision=5, heartbeat=True)
    student, model = followed([heartbeat, champion, again, heartbeat])
    assert student.version == 1
    assert len(model.asked) == 2


def test_a_watch_that_broke_begins_at_the_present_and_misses_nothing() -> None:
    """While it was away the registry has forgotten all that this student knows."""
    stop = threading.Event()

    class Breaking(FakeModel):
        watches = 0

        def watch(
            self, name: str = "", since_revision: int = 0, graph_sha256: str = ""
        ) -> Iterator[WatchPoliciesResponse]:
            assert since_revision == 0, "OUT_OF_RANGE"
            self.watches += 1
            yield WatchPoliciesResponse(revision=1 + 20_000 * self.watches, heartbeat=True)
            if self.watches == 2:
                stop.set()
            self.latest += 1
            raise Unavailable("the service was restarted")

    model = Breaking([], stop)
    student = Student(model, "solo", stop)
    student.wait()
    student.follow(SPEC)
    assert student.version == 2


def test_how_a_policy_acts_is_told_by_its_version() -> None:
    class Greedy(FakeModel):
        def get(
            self, policy: str, if_none_match: str = "", graph: Graph | None = None
        ) -> tuple[PolicyVersion, bytes | None]:
            description, data = super().get(policy, if_none_match)
            description.q_values = True  # and no collection at all
            return description, data

    model = Greedy([], threading.Event())
    assert PolicyCache(model).get("solo:1").greedy
    assert not PolicyCache(FakeModel([], threading.Event())).get("solo:1").greedy
