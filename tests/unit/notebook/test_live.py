"""Pictures that follow feeds, until these end or the cell is interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from mazemesh.errors import NotFound
from mazemesh.notebook import live
from mazemesh.notebook.curve import Curve
from mazemesh.notebook.picture import Picture

SECONDS = 30.0


class Shown:
    """A place that remembers."""

    def __init__(self) -> None:
        self.pictures: list[str] = []
        self.some = threading.Event()

    def show(self, picture: Picture) -> None:
        self.pictures.append(str(picture))
        self.some.set()


def curve(title: str) -> Curve:
    return Curve(title, {})


def test_it_ends_with_its_first_feed_and_shows_the_last_of_each() -> None:
    here, there = Shown(), Shown()
    left, other_began = threading.Event(), threading.Event()

    def first() -> Iterator[Picture]:
        yield curve("one")
        assert other_began.wait(SECONDS)
        yield curve("two")

    def second() -> Iterator[Picture]:
        yield curve("beside")
        other_began.set()
        left.wait(SECONDS)

    last = live.Live([first, second], [here, there], left).run()
    assert [str(one) for one in last] == ["two.", "beside."]
    assert here.pictures[-1] == "two."
    assert there.pictures == ["beside."]
    assert left.is_set()


def test_an_interruption_ends_the_cell_without_an_error() -> None:
    place, left, closed = Shown(), threading.Event(), threading.Event()

    def feed() -> Iterator[Picture]:
        yield curve("running")
        assert place.some.wait(SECONDS)
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)  # as the kernel's interruption
        closed.wait(SECONDS)

    [last] = live.Live([feed], [place], left, closed.set).run(SECONDS)
    assert str(last) == "running."
    assert place.pictures == ["running."]
    assert left.is_set()
    assert closed.is_set()


def test_it_ends_when_its_time_is_up() -> None:
    left = threading.Event()

    def feed() -> Iterator[Picture]:
        yield curve("running")
        left.wait(SECONDS)

    [last] = live.Live([feed], [Shown()], left).run(0.5)
    assert last is None or str(last) == "running."


def test_what_the_first_feed_raises_is_raised() -> None:
    def feed() -> Iterator[Picture]:
        yield curve("running")
        raise NotFound("it is gone")

    with pytest.raises(NotFound, match="it is gone"):
        live.Live([feed], [Shown()], threading.Event()).run(SECONDS)


def test_what_another_feed_raises_ends_that_alone() -> None:
    def first() -> Iterator[Picture]:
        yield curve("one")

    def second() -> Iterator[Picture]:
        raise NotFound("no game runs")
        yield curve("never")

    first_one, none = live.Live([first, second], [Shown(), Shown()], threading.Event()).run(SECONDS)
    assert (str(first_one), none) == ("one.", None)


def test_outside_of_a_notebook_nothing_is_shown() -> None:
    assert not live.in_notebook()
    assert isinstance(live.place(), live.Kept)
