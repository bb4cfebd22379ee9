"""What waits for one socket: the latest of each thing, or all in order, and never too much."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from services.gateway.live.mailbox import MOST_LATEST, MOST_PROGRESS, Mailbox
from services.gateway.live.news import News, write


def put(mailbox: Mailbox, number: int, news: News, topic: str = "t") -> None:
    mailbox.put(write(topic, number, news))


def taken(mailbox: Mailbox) -> list[dict[str, Any]]:
    text = mailbox.take()
    found: list[dict[str, Any]] = json.loads(text) if text else []
    return found


def test_the_latest_takes_the_place_of_those_before() -> None:
    mailbox = Mailbox()
    for number in range(5):
        put(mailbox, number, News("frame", number))
        put(mailbox, number, News("policy", number, f"race:{number % 2}"))
    told = [(one["type"], one["id"], one["data"]) for one in taken(mailbox)]
    assert told == [("policy", "race:1", 3), ("frame", "", 4), ("policy", "race:0", 4)]
    assert mailbox.replaced == 7
    assert mailbox.take() == ""


def test_of_progress_all_comes_in_order_up_to_a_gap() -> None:
    mailbox = Mailbox()
    for number in range(MOST_PROGRESS + 3):
        put(mailbox, number, News("point", number, progress=True))
    gap, *points = taken(mailbox)
    assert (gap["type"], gap["data"]) == ("gap", {"missed": 3})
    assert [one["data"] for one in points] == list(range(3, MOST_PROGRESS + 3))
    put(mailbox, 0, News("point", "next", progress=True))
    assert [one["data"] for one in taken(mailbox)] == ["next"]


def test_things_that_wait_are_bounded() -> None:
    mailbox = Mailbox()
    for number in range(MOST_LATEST + 10):
        put(mailbox, number, News("row", number, str(number)))
    assert len(mailbox) == MOST_LATEST
    assert taken(mailbox)[0]["data"] == 10


def test_what_is_left_is_forgotten() -> None:
    mailbox = Mailbox()
    for topic in ("one", "other"):
        put(mailbox, 1, News("frame", topic), topic)
        put(mailbox, 2, News("point", topic, progress=True), topic)
    mailbox.forget("one")
    assert {one["topic"] for one in taken(mailbox)} == {"other"}


async def test_it_wakes_who_waits() -> None:
    mailbox = Mailbox()
    waiting = asyncio.create_task(mailbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    put(mailbox, 1, News("frame", 1))
    await waiting
