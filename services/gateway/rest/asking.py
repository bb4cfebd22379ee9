"""Parts that endpoints share: pages, times, names, and answers by the contract's messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import Header, Query
from fastapi.responses import JSONResponse
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from mazemesh.errors import InvalidArgument
from services.gateway.rest.messages import as_json

_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")

_EXACT: Final = 2.0**53
_DEPTH: Final = 4
"""Of what is asked for in JSON: no body nests its numbers deeper."""

MOST: Final = 1000
"""Things on one page."""

TEXT: Final = r"^[^\x00-\x1f\x7f]*$"
"""Of names and reasons: no control characters."""


class RequestBody(BaseModel):
    """What is asked for in JSON, whose own kinds count: `true` is no 1, and "5" is no 5.

    A field that is not known is refused: it would be ignored in silence.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, values: object) -> object:
        """JSON has one kind of number: 5.0 is 5."""
        return _as_whole(values, _DEPTH)


def _as_whole(value: object, depth: int) -> object:
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, dict) and depth:
        return {name: _as_whole(one, depth - 1) for name, one in value.items()}
    if isinstance(value, list) and depth:
        return [_as_whole(one, depth - 1) for one in value]
    return value


PageSize = Annotated[
    int, Query(ge=1, le=MOST, description="Things on a page, at most 1000.", examples=[100])
]
PageToken = Annotated[
    str,
    Query(max_length=4096, description="`next_page_token` of the page before.", pattern=TEXT),
]
Ladder = Annotated[
    str,
    Query(
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="A leaderboard: a game's name, with a suffix where settings differ.",
        examples=["race"],
    ),
]
Name = Annotated[
    str,
    Query(max_length=160, pattern=r"^[!-~]*$", description="Empty: all."),
]
Names = Annotated[list[str], Query(max_length=256, description="May be given again and again.")]


def _rfc3339(value: object) -> object:
    """Pydantic alone takes numbers for times, too."""
    if isinstance(value, str) and not _TIME.match(value):
        raise ValueError("it should be RFC 3339, as 2026-01-31T12:00:00Z")
    return value


Time = Annotated[
    datetime | None,
    BeforeValidator(_rfc3339),
    Query(description="RFC 3339.", examples=["2026-01-31T12:00:00Z"]),
]
Reason = Annotated[str, Query(max_length=1024, pattern=TEXT, description="Why, for the history.")]
Prefer = Annotated[
    str,
    Header(
        max_length=200,
        pattern=TEXT,
        description="`wait=SECONDS`: answer when it has ended, or then.",
        examples=["wait=30"],
    ),
]
RequestId = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=128,
        pattern=r"^[!-~]*$",
        description="What is sent again with the same key happens once.",
    ),
]

MessageT = TypeVar("MessageT", bound=Message)


def told(message: MessageT, status: int = 200, headers: dict[str, str] | None = None) -> Any:
    """The answer that a message is."""
    return JSONResponse(as_json(message), status, headers)


def stamp(time: datetime | None) -> Timestamp | None:
    """A time as the contract has it; one without a zone is taken for UTC.

    Raises:
        InvalidArgument: it is outside of the years 1 to 9999.
    """
    if time is None:
        return None
    try:
        made = Timestamp()
        made.FromDatetime((time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise InvalidArgument(f"time: {time} should be in the years 1 to 9999") from error
    return made


def when(seconds: float | None) -> datetime | None:
    """A time of Unix seconds; None is None, and so is what is outside of the years 1 to 9999."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def wait_of(prefer: str, most: float) -> float:
    """Seconds that `Prefer: wait=...` asks for, at most `most`; 0 where it asks for none."""
    for one in prefer.split(","):
        name, _, value = one.strip().partition("=")
        if name.lower() == "wait":
            try:
                return min(max(float(value or most), 0.0), most)
            except ValueError:
                return 0.0
    return 0.0
