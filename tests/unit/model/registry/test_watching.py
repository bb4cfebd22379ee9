"""The signal that wakes watchers."""

import asyncio

import pytest

from mazemesh.errors import Unavailable
from services.model.registry.watching import Changed, wait


async def test_a_change_after_the_ticket_wakes_all_even_before_they_wait() -> None:
    changed = Changed()
    first, second = changed.ticket(), changed.ticket()
    changed.notify()
    assert await asyncio.gather(wait(first, 10), wait(second, 10)) == [True, True]


async def test_a_later_ticket_waits_for_a_later_change() -> None:
    changed = Changed()
    changed.notify()
    assert not await wait(changed.ticket(), 0.01)


async def test_closing_wakes_and_refuses() -> None:
    changed = Changed()
    ticket = changed.ticket()
    changed.close()
    assert await wait(ticket, 10)
    with pytest.raises(Unavailable):
        changed.ticket()
