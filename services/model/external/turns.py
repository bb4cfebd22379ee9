"""What simulators say, and what they are answered: the nouns of external episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from services.model.inference.layout import Given

ACTS, TERMINATED, TRUNCATED = 0, 1, 2
"""Values of `AgentRows.status` in model.proto."""

MOST_ROWS: Final = 1024
MOST_LATE: Final = 4096
MOST_COLUMNS: Final = 8192
"""Of all rows of a turn."""

MOST_KINDS: Final = 64
MOST_LAG: Final = 64
MOST_EPISODES: Final = 1024
"""Open ones of a stream."""

MOST_AGENTS: Final = 4096
"""Of a stream."""


class Rows(NamedTuple):
    """What happened to n agents of a kind: see `AgentRows`; what was left out is written out."""

    kind: str
    episodes: Sequence[int]
    agents: Sequence[int]
    rewards: Sequence[float]
    status: bytes
    given: Sequence[Given]
    policies: Sequence[str]
    successes: bytes


class Late(NamedTuple):
    """A reward for a step that is over."""

    episode: int
    kind: str
    agent: int
    step: int
    reward: float


class Turn(NamedTuple):
    """A message of a simulator."""

    sequence: int
    rows: Sequence[Rows]
    late: Sequence[Late] = ()
    ended: Sequence[int] = ()


class Opened(NamedTuple):
    """Kinds that have a policy: their names, the versions that would act, and who of them learn."""

    kinds: Sequence[tuple[str, str, bool]]


class Acted(NamedTuple):
    """Actions of n agents of a kind: columns by name, dtype, shape of a row and data."""

    kind: str
    episodes: Sequence[int]
    agents: Sequence[int]
    columns: Sequence[tuple[str, str, tuple[int, ...], bytes]]
    versions: Sequence[int]


class Answered(NamedTuple):
    """The answer to a turn."""

    sequence: int
    acted: Sequence[Acted]
    left_out: int


class Waits(NamedTuple):
    """Answers wait for the learner of a policy."""

    policy: str
    reason: str


class Failed(NamedTuple):
    """An episode is over, because of an error."""

    episode: int
    error: Exception


Told: TypeAlias = Opened | Answered | Waits | Failed
