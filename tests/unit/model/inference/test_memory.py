"""What stays in memory."""

from services.model.inference.memory import Memory


def test_the_longest_unused_comes_first() -> None:
    memory: Memory[str] = Memory(100)
    for key in "abc":
        memory.put(key, 30)
    memory.use("a")
    assert memory.oldest() == ["b", "c", "a"]
    assert memory.fits(10)
    assert not memory.fits(11)
    memory.put("b", 10)
    assert (memory.used_bytes, memory.size("b"), len(memory)) == (70, 10, 3)
    memory.remove("c")
    memory.remove("c")
    assert (memory.used_bytes, memory.oldest(), memory.size("c")) == (40, ["a", "b"], 0)
