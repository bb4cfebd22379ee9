"""Work that goes to its end though its caller has gone."""

import asyncio
import threading

import pytest

from services._harness.shielded import Shielded, in_thread


async def _hang_up(call: "asyncio.Task[int]") -> None:
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_work_ends_though_its_caller_hung_up_and_is_waited_for() -> None:
    shielded, go, done = Shielded(), asyncio.Event(), []

    async def work() -> int:
        await go.wait()
        done.append(1)
        return 1

    await _hang_up(asyncio.create_task(shielded.run(work())))
    assert not done
    go.set()
    await shielded.join()
    assert done == [1]


async def test_result_and_error_go_to_the_caller() -> None:
    shielded = Shielded()

    async def work(error: Exception | None) -> int:
        if error is not None:
            raise error
        return 2

    assert await shielded.run(work(None)) == 2
    with pytest.raises(ValueError, match="no"):
        await shielded.run(work(ValueError("no")))
    await shielded.join()


async def test_what_is_under_way_can_be_ended() -> None:
    shielded = Shielded()
    task = shielded.begin(asyncio.sleep(3600))
    await shielded.cancel()
    assert task.cancelled()


async def test_a_caller_leaves_no_thread_behind() -> None:
    began, go, done = threading.Event(), threading.Event(), []

    def work() -> int:
        began.set()
        assert go.wait(10)
        done.append(1)
        return 1

    call = asyncio.create_task(in_thread(None, work))
    await asyncio.to_thread(began.wait, 10)
    call.cancel()
    call.cancel()
    await asyncio.sleep(0)
    assert not call.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert done == [1]
