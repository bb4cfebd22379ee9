"""What watchers of the Model service are told."""

import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import FailedPrecondition, InvalidArgument, Unavailable
from mazemesh.v1 import model_pb2 as pb
from tests.servers.model_policies import NETWORK, current_revision, publish
from tests.servers.model_server import RunningModel, running_model


def test_a_watch_tells_changes_in_order(client: ModelClient) -> None:
    publish(client)
    with closing(client.watch()) as watch:
        start = next(watch)
        assert start.heartbeat
        publish(client, "solo")
        client.set_alias("race", "champion", 1, 0)
        events = list(itertools.islice(watch, 3))
    assert [event.revision for event in events] == [start.revision + n for n in (1, 2, 3)]
    assert (events[0].policy.name, events[0].policy.state) == ("solo", pb.POLICY_STATE_READY)
    assert (events[1].alias.name, events[1].alias.alias) == ("solo", "latest")
    assert (events[2].alias.alias, events[2].alias.version) == ("champion", 1)


def test_a_watch_of_one_name(client: ModelClient) -> None:
    with closing(client.watch("solo")) as watch:
        assert next(watch).heartbeat
        publish(client)
        publish(client, "solo")
        assert next(watch).policy.name == "solo"
    with pytest.raises(InvalidArgument, match="name = 'Solo'"):
        next(client.watch("Solo"))


def test_heartbeats_say_how_far_a_watch_has_come(tmp_path: Path) -> None:
    with (
        running_model(tmp_path, heartbeat_seconds=0.05) as model,
        closing(model.client.watch("solo")) as watch,
    ):
        first, second = next(watch), next(watch)
        assert (first.heartbeat, second.heartbeat) == (True, True)
        assert first.revision == second.revision
        publish(model.client)
        later = next(beat for beat in watch if beat.revision > first.revision)
        assert (later.heartbeat, later.revision) == (True, first.revision + 2)


def test_changes_of_other_names_are_no_reason_to_be_silent(tmp_path: Path) -> None:
    """They come more often than heartbeats are due, and are not told to this watch."""
    with (
        running_model(tmp_path, heartbeat_seconds=0.3) as model,
        closing(model.client.watch("solo")) as watch,
    ):
        first = next(watch)
        stop = threading.Event()

        def move() -> None:
            revision = 0
            while not stop.is_set():
                revision = model.client.set_alias("race", "champion", 1, revision).revision

        publish(model.client)
        with ThreadPoolExecutor(1) as others:
            moving = others.submit(move)
            try:
                later = next(beat for beat in watch if beat.revision > first.revision)
                last = next(beat for beat in watch if beat.revision > later.revision)
            finally:
                stop.set()
            moving.result(20)
    assert later.heartbeat
    assert last.heartbeat


def test_a_history_that_is_not_kept(tmp_path: Path) -> None:
    with running_model(tmp_path, keep_events=4) as model:
        for seed in range(3):
            publish(model.client, seed=seed)
        with pytest.raises(FailedPrecondition, match="changes are kept from 4 on"):
            next(model.client.watch(since_revision=2))
        with pytest.raises(FailedPrecondition, match="the registry is at 7"):
            next(model.client.watch(since_revision=99))
        with closing(model.client.watch(since_revision=3)) as watch:
            assert [event.revision for event in itertools.islice(watch, 4)] == [4, 5, 6, 7]


def test_stopping_ends_watches(tmp_path: Path) -> None:
    with running_model(tmp_path) as model:
        watch = model.client.watch()
        next(watch)
        assert model.metric("watchers") == 1
        model.drain()
        with pytest.raises(Unavailable, match="watch again from the last revision"):
            list(watch)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_watcher_that_keeps_reconnecting_misses_nothing(tmp_path: Path, seed: int) -> None:
    """Publishes, rejections and swaps go on while the watcher drops its stream at random."""
    with running_model(tmp_path, heartbeat_seconds=0.05) as model:
        watch_while_it_changes(model, seed)


def watch_while_it_changes(model: RunningModel, seed: int, changes: int = 40) -> None:
    chance = random.Random(seed)
    start = threading.Barrier(2)

    def change() -> None:
        publisher = random.Random(seed + 100)
        start.wait(10)
        publish(model.client)
        champion = 0
        for step in range(changes):
            kind = publisher.random()
            if kind < 0.6:
                publish(model.client, publisher.choice(["race", "solo"]), seed=step)
            elif kind < 0.75:
                with pytest.raises(FailedPrecondition):
                    model.client.publish(NETWORK.header(), b"no graph")
            else:
                champion = model.client.set_alias("race", "champion", 1, champion).revision

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(change)
        start.wait(10)
        seen = [1]
        while not done.done() or seen[-1] < current_revision(model.client):
            with closing(model.client.watch(since_revision=seen[-1])) as watch:
                some = itertools.islice(watch, chance.randint(1, 6))
                seen.extend(event.revision for event in some if not event.heartbeat)
        done.result()
    assert seen == list(range(1, current_revision(model.client) + 1))


def test_many_who_watch_are_told_to_spread_their_downloads(tmp_path: Path) -> None:
    with running_model(tmp_path, downloads_per_second=2.0) as model, ExitStack() as stack:
        watches = [stack.enter_context(closing(model.client.watch())) for _ in range(8)]
        assert all(next(watch).heartbeat for watch in watches)
        publish(model.client)
        assert {next(watch).spread_seconds for watch in watches} == {0.0}
        more = stack.enter_context(closing(model.client.watch()))
        assert next(more).heartbeat
        publish(model.client, seed=1)
        assert next(more).spread_seconds == 9 / 2.0
