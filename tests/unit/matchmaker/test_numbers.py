from mazemesh.games import Purpose, seeds
from services.matchmaker.numbers import Numbers
from tests.unit.matchmaker.memory_stores import MemoryNumbers


async def test_ids_and_seeds_are_never_repeated_over_restarts() -> None:
    store = MemoryNumbers()
    taken = []
    for _ in range(3):
        numbers = Numbers(store)
        for count in (1, 300, 5):
            taken += await numbers.take("race", count)
    assert len({one.match_id for one in taken}) == len({one.seed for one in taken}) == 918
    assert {seeds.purpose_of(one.seed) for one in taken} == {Purpose.EVALUATION}


async def test_one_reservation_serves_many_matches() -> None:
    store = MemoryNumbers()
    numbers = Numbers(store)
    for _ in range(100):
        await numbers.take("race", 1)
    assert store.next_number == 256


async def test_another_instance_has_other_ids() -> None:
    class Other(MemoryNumbers):
        async def instance(self) -> str:
            return "11111111-0000-4000-8000-000000000000"

    (first,) = await Numbers(MemoryNumbers()).take("race", 1)
    (second,) = await Numbers(Other()).take("race", 1)
    assert first.match_id != second.match_id
