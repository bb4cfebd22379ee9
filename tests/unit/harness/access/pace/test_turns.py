import asyncio

from services._harness.access.pace.turns import Line, Turns

PACE = 2_000.0


class Key:
    """Calls of one key."""

    def __init__(self, turns: Turns, begun: list[str], name: str) -> None:
        self._turns, self._begun, self._name = turns, begun, name
        self._line = Line()

    async def call(self) -> None:
        if not self._turns.at_once(self._line):
            await self._turns.wait(self._line)
        self._begun.append(self._name)

    def flood(self, count: int) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.call()) for _ in range(count)]


async def test_a_key_that_is_alone_never_waits() -> None:
    turns, begun = Turns(PACE), list[str]()
    alone = Key(turns, begun, "alone")
    for count in range(1, 500):
        await alone.call()
        assert len(begun) == count


async def test_a_polite_key_never_waits_beside_a_greedy_one() -> None:
    turns, begun = Turns(PACE), list[str]()
    polite, greedy = Key(turns, begun, "polite"), Key(turns, begun, "greedy")
    await polite.call()
    flood = greedy.flood(300)
    await asyncio.sleep(0)
    waiting = 300 - begun.count("greedy")
    assert waiting > 200
    for count in range(2, 20):
        await polite.call()  # begins before anything is awaited
        assert begun.count("polite") == count
    assert 300 - begun.count("greedy") == waiting
    await asyncio.gather(*flood)
    assert begun.count("greedy") == 300


async def test_a_greedy_key_keeps_its_pace() -> None:
    turns, begun = Turns(PACE), list[str]()
    polite, greedy = Key(turns, begun, "polite"), Key(turns, begun, "greedy")
    await polite.call()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*greedy.flood(332))
    assert asyncio.get_running_loop().time() - began >= 300 / PACE * 0.8


async def test_lines_are_served_in_turn() -> None:
    turns, begun = Turns(PACE), list[str]()
    first, second = Key(turns, begun, "a"), Key(turns, begun, "b")
    await first.call()
    await asyncio.gather(*second.flood(60), *first.flood(200), *second.flood(40))
    tail = begun[begun.index("a", 40) :]
    last = len(tail) - 1 - tail[::-1].index("b")
    assert tail[:last].count("a") < 200


async def test_who_gave_up_holds_nobody_up() -> None:
    turns, begun = Turns(PACE), list[str]()
    await Key(turns, begun, "y").call()
    tasks = Key(turns, begun, "x").flood(100)
    await asyncio.sleep(0)
    for task in tasks[40:90]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # Those who did not give up; of the others, who was let in before.
    assert 50 <= begun.count("x") < 100
    assert not any(task.cancelled() for task in (*tasks[:40], *tasks[90:]))
