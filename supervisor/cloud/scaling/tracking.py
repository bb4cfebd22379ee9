"""Target tracking as AWS does it, to play a day's load through it before paying for one. Pure.

Terraform's policies (modules/actors, modules/learner) and these have the same numbers; a test holds
them against each other. The rules are those of the EC2 Auto Scaling user guide: out at once when
the metric is above its target for three minutes, in slowly when it is below nine tenths of it for
fifteen, and never while machines that were just started are warming up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

OUT_MINUTES: Final = 3
IN_MINUTES: Final = 15
IN_SHARE: Final = 0.9

ACTOR_TARGET: Final = 64.0
"""Games that may wait for each machine of actors: `queued_games` of modules/actors."""

ACTOR_WARMUP_MINUTES: Final = 3
LEARNER_TARGET: Final = 2_000_000.0
"""Rows that inserts may be ahead of samples for each learner: `backlog_rows` of modules/learner."""

LEARNER_WARMUP_MINUTES: Final = 7


@dataclass
class TargetTracking:
    """How many machines there should be, minute by minute.

    Attributes:
        target: Of the metric for each machine.
        least, most: Bounds of the size.
        warmup_minutes: In which a new machine counts for nothing, and nothing else is decided.
    """

    target: float
    least: int
    most: int
    warmup_minutes: int
    _above: int = 0
    _below: int = 0
    _resting: int = field(default=0)

    def per_machine(self, total: float, running: int) -> float:
        """The metric that is held at the target; the expressions in Terraform say the same.

        Where there is no machine, whatever waits asks for one: divided by one it might stay below
        the target for ever.
        """
        if running < 1:
            return 2 * self.target if total > 0 else 0.0
        return total / running

    def decide(self, total: float, desired: int, running: int) -> int:
        """The size from the next minute on.

        Args:
            total: The metric of the whole group.
            desired: Size that is asked for now.
            running: Machines in service.
        """
        each = self.per_machine(total, running)
        self._above = self._above + 1 if each > self.target else 0
        self._below = self._below + 1 if each < IN_SHARE * self.target else 0
        if self._resting > 0:
            self._resting -= 1
        elif self._above >= OUT_MINUTES:
            wanted = math.ceil(running * each / self.target)
            new = min(max(wanted, desired + 1), self.most)
            if new > desired:
                self._resting, self._above = self.warmup_minutes, 0
            return max(new, desired)
        elif self._below >= IN_MINUTES and running >= desired:
            wanted = math.ceil(running * each / self.target)
            self._below = IN_MINUTES - 1  # one machine a minute from here on
            return max(min(desired, max(wanted, desired - 1)), self.least)
        return min(max(desired, self.least), self.most)
