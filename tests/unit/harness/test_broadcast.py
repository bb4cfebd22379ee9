"""One signal to many waiters."""

import asyncio

from services._harness.broadcast import Broadcast, wait


async def test_a_change_after_the_ticket_wakes_all_even_before_they_wait() -> None:
    changed = Broadcast()
    first, second = changed.ticket(), changed.ticket()
    changed.notify()
    assert all(await asyncio.gather(wait(first, 10), wait(second, 10)))


async def test_a_later_ticket_waits_for_a_later_change() -> None:
    changed = Broadcast()
    changed.notify()
    assert not await wait(changed.ticket(), 0.01)


async def test_a_closed_one_keeps_nobody_waiting() -> None:
    changed = Broadcast()
    ticket = changed.ticket()
    changed.close()
    assert changed.closed
    assert await wait(ticket)
    assert await wait(changed.ticket())
