"""What is asked and what is answered: the nouns of inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mazemesh.errors import InvalidArgument, MazemeshError
from services.model.inference.layout import Given, Layout
from services.model.registry.policy import Version

MOST_TEMPERATURE: Final = 1000.0


class Choosing(NamedTuple):
    """How actions are chosen: see InferRequest in model.proto."""

    temperature: float = 1.0
    seed: int | None = None

    def checked(self) -> Choosing:
        """Itself.

        Raises:
            InvalidArgument: the temperature is none.
        """
        if not 0.0 <= self.temperature <= MOST_TEMPERATURE:
            raise InvalidArgument(
                f"temperature is {self.temperature:g}; expected 0..{MOST_TEMPERATURE:g}"
            )
        return self


USUAL: Final = Choosing()


class Sessions(NamedTuple):
    """Whose states go in: of whose key, by which ids (one a row), and which rows begin anew."""

    owner: str = ""
    ids: Sequence[str] = ()
    begin: Sequence[int] = ()


NO_SESSIONS: Final = Sessions()


@dataclass(slots=True)
class Asked:
    """One call.

    Attributes:
        policy: "name:12", "name:alias" or "name".
        rows: Of each column.
        given: The columns.
        outputs: Names of those that are wanted; empty: the usual ones, None: all.
        choosing: How actions are chosen.
        sessions: States that are kept.
        deadline: When nobody waits for the answer any more, by the clock of inference.
        size_bytes: What the call holds in memory.
        variant: The form of the version's file that is wanted, where it has it; empty: the file.
    """

    policy: str
    rows: int
    given: Sequence[Given]
    outputs: tuple[str, ...] | None = ()
    choosing: Choosing = USUAL
    sessions: Sessions = NO_SESSIONS
    deadline: float = float("inf")
    size_bytes: int = 0
    variant: str = ""


@dataclass(slots=True)
class Part:
    """A caller's rows of a batch that was run.

    Attributes:
        data: All outputs of all rows of the batch, one output after the other.
        batch_rows: Rows of the batch.
        first: The caller's first row among them.
        rows: The caller's.
        waited: Seconds that they waited for the batch to be run.
        ran: Seconds that it was run.
    """

    data: memoryview
    batch_rows: int
    first: int
    rows: int
    waited: float = 0.0
    ran: float = 0.0


@dataclass(slots=True)
class Answer:
    """What a version answered.

    Attributes:
        version: That served.
        layout: Its columns.
        wanted: Which of its outputs were asked for.
        part: The rows.
        begun: Rows whose sessions began with zeros.
        experiment_id: Of the experiment that chose the version; empty: none.
        row_versions: Numbers of the versions that served the rows, where they are several.
    """

    version: Version
    layout: Layout
    wanted: tuple[int, ...]
    part: Part
    begun: Sequence[int] = ()
    experiment_id: str = ""
    row_versions: Sequence[int] = ()

    def column(self, index: int) -> bytes:
        """The data of an output."""
        part, before = self.part, 0
        for column in self.layout.outputs[:index]:
            before += column.row_bytes
        width = self.layout.outputs[index].row_bytes
        begin = before * part.batch_rows + width * part.first
        return bytes(part.data[begin : begin + width * part.rows])


class RunnerEnded(MazemeshError):
    """The process that runs files ended before it answered; `is_blamed`: perhaps of this."""

    def __init__(self, *, is_blamed: bool) -> None:
        super().__init__("the process that runs files has ended")
        self.is_blamed = is_blamed


class RunFailed(MazemeshError):
    """The file could not be run on these rows; says why."""


class RunTooLong(MazemeshError):
    """The file took longer than it may, and its process was killed."""
