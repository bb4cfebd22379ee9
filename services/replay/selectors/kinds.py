"""The selector of each kind."""

from __future__ import annotations

from services.replay.selectors.selector import Selector
from services.replay.table.spec import SelectorKind, SelectorSpec


def make_selector(spec: SelectorSpec, capacity: int) -> Selector:
    """The selector for slots 0..capacity-1, still empty."""
    # Compiled selectors are imported where they are needed: a queue starts without numba.
    match spec.kind:
        case SelectorKind.FIFO | SelectorKind.LIFO:
            from services.replay.selectors.ordered import Ordered

            return Ordered(capacity, newest_first=spec.kind is SelectorKind.LIFO)
        case SelectorKind.UNIFORM:
            from services.replay.selectors.random import Uniform

            return Uniform(capacity)
        case SelectorKind.PRIORITIZED:
            from services.replay.selectors.random import Prioritized

            return Prioritized(capacity, spec.exponent)
        case SelectorKind.MAX_HEAP | SelectorKind.MIN_HEAP:
            from services.replay.selectors.heap import Heap

            return Heap(capacity, lowest_first=spec.kind is SelectorKind.MIN_HEAP)
