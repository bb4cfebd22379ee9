"""Evaluators beside people: what they do not play goes back."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from actor.metrics import EvaluatorMetrics
from actor.rating import evaluator
from actor.rating.evaluator import Evaluator
from mazemesh.errors import NotFound
from mazemesh.evaluation.seats import has_people
from mazemesh.v1 import game_pb2, matchmaker_pb2


class Leases:
    """A Matchmaker of one match with a person; ends the evaluator when it hears of it."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.told: list[tuple[str, str]] = []

    def lease(self, worker_id: str, max_matches: int) -> matchmaker_pb2.LeaseMatchesResponse:
        setup = game_pb2.MatchSetup(match_id="m", participants=["race:1", "player/ann"])
        match = matchmaker_pb2.LeasedMatch(match_id="m", fence=3, setup=setup)
        game = match.created.games.add(game_id="m/0")
        game.seat_tokens.extend(["secret", ""])
        game.seat_participants.extend([0, 1])
        return matchmaker_pb2.LeaseMatchesResponse(matches=[match])

    def complete(self, match_id: str, fence: int, worker_id: str, failure: str = "") -> None:
        self.told.append((match_id, failure))
        self.stop.set()


class NoPolicies:
    """A Model service that has none."""

    def get(self, *_: Any) -> Any:
        raise NotFound("no such version")

    at = get


class Games:
    """A Game service whose seats nobody takes here."""

    def at(self, address: str) -> Games:
        return self


def told(most: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    monkeypatch.setattr(evaluator, "_MOST_BESIDE", most)
    stop = threading.Event()
    leases = Leases(stop)
    worker = Evaluator(
        *("w", leases, NoPolicies(), Games()),  # type: ignore[arg-type]
        *(EvaluatorMetrics(CollectorRegistry()), stop),
        max_matches=1,
        probe_games=0,
        policy="",
        rng=np.random.default_rng(0),
    )
    worker.run()
    return leases.told


def test_what_does_not_load_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("m", "no such version") in told(32, monkeypatch)


def test_too_many_people_are_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(0, monkeypatch) == [("m", "too many people to play")]


def test_people_are_known_by_their_names() -> None:
    assert has_people(game_pb2.MatchSetup(participants=["race:1", "player/ann"]))
    assert not has_people(game_pb2.MatchSetup(participants=["race:1", "bot/random"]))
