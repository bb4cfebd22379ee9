"""The selector of each kind."""

from __future__ import annotations

from services.replay.selector import Selector
from services.replay.table_spec import SelectorKind, SelectorSpec


def make_selector(spec: SelectorSpec, capacity: int) -> Selector:
    """The selector for slots 0..capacity-1, still empty."""
    # Compiled selectors are imported where they are needed: a queue starts without numba.
    match spec.kind:
        case SelectorKind.FIFO | SelectorKind.LIFO:
            from services.replay.ordered import Ordered

            return Ordered(capacity, newest_first=spec.kind is SelectorKind.LIFO)
        case SelectorKind.UNIFORM:
            from services.replay.random_selectors import Uniform

            return Uniform(capacity)
        case SelectorKind.PRIORITIZED:
            from services.replay.random_selectors import Prioritized

            return Prioritized(capacity, spec.exponent)
        case SelectorKind.MAX_HEAP | SelectorKind.MIN_HEAP:
            from services.replay.heap_selectors import Heap

            return Heap(capacity, lowest_first=spec.kind is SelectorKind.MIN_HEAP)
