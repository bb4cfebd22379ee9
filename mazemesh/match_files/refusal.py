"""What is wrong with a row."""

from __future__ import annotations

from typing import Any, NamedTuple

from mazemesh.names import shown


class Refusal(NamedTuple):
    """A row that is not imported.

    Attributes:
        line: Its line in the file, from 1; of Parquet its row.
        field: The column.
        value: What stands there.
        right: What would be right.
    """

    line: int
    field: str
    value: str
    right: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field} = {self.value}: {self.right}"


class Refused(Exception):
    """A row is refused; its line is known elsewhere."""

    def __init__(self, field: str, value: Any, right: str) -> None:
        super().__init__(field, value, right)
        self.field, self.right = field, right
        self.value = shown(value if isinstance(value, str) else repr(value))

    def at(self, line: int) -> Refusal:
        """With its line."""
        return Refusal(line, self.field, self.value, self.right)
