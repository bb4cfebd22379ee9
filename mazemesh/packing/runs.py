"""How the elements of a row are packed: which take a byte each, and which take a few bits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mazemesh.errors import InvalidArgument

MOST_RUNS = 1024
MOST_ELEMENTS = 1 << 26
"""Of a packed row: more than any message holds."""

MOST_BITS = 4
"""Of a run: with more a byte does as well, and whether they can be told takes time to find out."""


@dataclass(frozen=True, slots=True)
class Run:
    """`count` elements of a row, one after the other, of which all are packed in one way.

    Attributes:
        count: Elements.
        bits: An element's value is the bitwise OR of `bits[k]` over the bits k that it has set:
            (255,) for planes of 0 and 255, (64, 128, 255) for 0, 64, 128, 192 and 255. Empty:
            elements take a byte each.
    """

    count: int
    bits: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.count}*{'|'.join(map(str, self.bits))}"


@dataclass(frozen=True)
class Packing:
    """The runs of a row, in the order of its elements.

    A packed row is a string of bits and then bytes. The bits are those of the runs that have any,
    run by run: first bit 0 of all elements of the run, then bit 1, and so on, without gaps between
    runs. Bit i of the string is bit i % 8 (the lowest first) of byte i // 8; what is left of the
    last byte is 0. After it come the elements of the other runs, a byte each, in their order.
    """

    runs: tuple[Run, ...]

    def __post_init__(self) -> None:
        """Refuses what cannot be packed.

        Raises:
            InvalidArgument: no runs or too many, a run without elements, too many elements, or bits
                of which a value cannot tell which are set.
        """
        if not 1 <= len(self.runs) <= MOST_RUNS:
            raise InvalidArgument(f"packing has {len(self.runs)} runs; expected 1..{MOST_RUNS}")
        for run in self.runs:
            if not 1 <= run.count <= MOST_ELEMENTS:
                raise InvalidArgument(
                    f"packing has a run of {run.count} elements; expected 1..{MOST_ELEMENTS}"
                )
            check_bits(run.bits)
        if self.size > MOST_ELEMENTS:
            raise InvalidArgument(
                f"packing has {self.size} elements; expected at most {MOST_ELEMENTS}"
            )

    @classmethod
    def of(cls, fields: Iterable[tuple[int, Sequence[int]]]) -> Packing:
        """By (count, bits) of each run."""
        return cls(tuple(Run(count, tuple(bits)) for count, bits in fields))

    @cached_property
    def size(self) -> int:
        """Elements of a row."""
        return sum(run.count for run in self.runs)

    @cached_property
    def row_bytes(self) -> int:
        """Bytes of a packed row."""
        bits = sum(run.count * len(run.bits) for run in self.runs)
        return -(-bits // 8) + sum(run.count for run in self.runs if not run.bits)

    @cached_property
    def packs(self) -> bool:
        """Whether a packed row is shorter than the row."""
        return self.row_bytes < self.size

    @cached_property
    def hash(self) -> int:
        """64 bits over the runs: the first 8 bytes, big-endian, of the SHA-256 of their text."""
        return int.from_bytes(hashlib.sha256(str(self).encode()).digest()[:8], "big")

    def __str__(self) -> str:
        """The runs joined by commas, each as count*bit|bit|...: "98*255,49*64|128|255,4*"."""
        return ",".join(map(str, self.runs))


@lru_cache(maxsize=256)
def check_bits(bits: tuple[int, ...]) -> None:
    """Raises InvalidArgument unless there are at most 4 `bits`, which an element's value tells."""
    if len(bits) > MOST_BITS or not all(1 <= bit <= 255 for bit in bits):
        raise InvalidArgument(
            f"packing has the bits {list(bits)}; expected at most {MOST_BITS}, of 1..255 each"
        )
    told = tests(bits)
    for code in range(1 << len(bits)):
        value = _value(bits, code)
        found = sum(1 << k for k, (mask, wanted) in enumerate(told) if value & mask == wanted)
        if _value(bits, found) != value:
            raise InvalidArgument(
                f"packing has the bits {list(bits)}, which cannot be told from the value {value} "
                "that they make"
            )


def tests(bits: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """(mask, told) for each bit: an element has it where `element & mask == told`.

    Each is told by its lowest one that none before it has, where no later bit explains that too.

    Raises:
        InvalidArgument: a bit has none.
    """
    before, own = 0, []
    for bit in bits:
        new = bit & ~before
        if not new:
            raise InvalidArgument(
                f"packing has the bits {list(bits)}, of which {bit} is made of those before it"
            )
        own.append(new & -new)
        before |= bit
    return tuple(
        (one + sum(own[j] for j in range(k + 1, len(bits)) if bits[j] & one), one)
        for k, one in enumerate(own)
    )


def _value(bits: Sequence[int], code: int) -> int:
    value = 0
    for index, bit in enumerate(bits):
        value |= bit if code >> index & 1 else 0
    return value
