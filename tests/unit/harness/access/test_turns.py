import asyncio

from services._harness.access.turns import AT_ONCE, Line, Turns


async def begin(turns: Turns, line: Line, name: str, begun: list[str]) -> None:
    if not turns.at_once(line):
        await turns.wait(line)
    begun.append(name)


async def test_a_polite_key_begins_among_the_first_of_a_greedy_one() -> None:
    turns, begun = Turns(), []
    greedy, polite = Line(), Line()
    tasks = [asyncio.create_task(begin(turns, greedy, "greedy", begun)) for _ in range(500)]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(begin(turns, polite, "polite", begun)))
    await asyncio.gather(*tasks)
    assert begun.count("greedy") == 500
    assert begun.index("polite") <= 3 * AT_ONCE


async def test_all_keys_begin_as_many() -> None:
    turns, begun = Turns(), []
    lines = {name: Line() for name in "abcd"}
    tasks = [
        asyncio.create_task(begin(turns, lines[name], name, begun))
        for name in "a" * 300 + "bcd" * 40
    ]
    await asyncio.gather(*tasks)
    last = max(len(begun) - 1 - begun[::-1].index(name) for name in "bcd")
    assert begun[: last + 1].count("a") < 40 + 3 * AT_ONCE


async def test_who_gave_up_holds_nobody_up() -> None:
    turns, begun = Turns(), []
    line = Line()
    tasks = [asyncio.create_task(begin(turns, line, "x", begun)) for _ in range(100)]
    await asyncio.sleep(0)
    for task in tasks[40:90]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(begun) == 50


async def test_one_alone_is_never_sent_to_wait_between_turns() -> None:
    turns, line = Turns(), Line()
    for _ in range(5):
        assert all(turns.at_once(line) for _ in range(AT_ONCE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
