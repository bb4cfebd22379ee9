"""Sequence numbers of a session: each step is played once, whatever the connection does."""

from __future__ import annotations

from typing import Generic, TypeVar

from mazemesh.errors import FailedPrecondition

Response = TypeVar("Response")


class Progress(Generic[Response]):
    """How far a session is: the last sequence, and its response for a client that missed it."""

    def __init__(self, response: Response) -> None:
        self.sequence = 0
        self.response = response

    def is_next(self, sequence: int) -> bool:
        """Whether a request is to be played; False: it is the last one again.

        Raises:
            FailedPrecondition: it is neither.
        """
        if sequence == self.sequence + 1:
            return True
        if sequence == self.sequence > 0:
            return False
        raise FailedPrecondition(
            f"step.sequence is {sequence}; the session has played {self.sequence}, so "
            f"{self.sequence + 1} is next"
        )

    def advance(self, response: Response) -> None:
        """Keeps the response to the next sequence."""
        self.sequence += 1
        self.response = response

    def check_resume(self, sequence: int) -> None:
        """Whether a client that has the response to `sequence` can go on.

        Raises:
            FailedPrecondition: it claims a step that was not played, or lacks more than the last
                response.
        """
        if not self.sequence - 1 <= sequence <= self.sequence:
            raise FailedPrecondition(
                f"resume_sequence is {sequence}; the session has played {self.sequence} and keeps "
                f"its last response only"
            )
