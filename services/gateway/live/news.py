"""What is told of a topic, and how it is written once for all who look."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened.

    Attributes:
        kind: What it is, e.g. "frame"; the `type` of the message.
        data: What JSON can say.
        id: Of news of one kind that do not replace each other, e.g. a policy's name.
        progress: Whether every one counts, as points of a curve do: none is left out in silence.
            Of others only the latest of a (kind, id) does.
    """

    kind: str
    data: Any
    id: str = ""
    progress: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """News as they are sent.

    Attributes:
        topic, kind, id, progress: As `News`.
        number: Of the news in their topic, from 1.
        text: The message, JSON.
    """

    topic: str
    kind: str
    id: str
    progress: bool
    number: int
    text: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later one replaces."""
        return self.topic, self.kind, self.id


def write(topic: str, number: int, news: News) -> Written:
    """News as the message that every viewer of a topic is sent."""
    message = {
        "topic": topic,
        "type": news.kind,
        "id": news.id,
        "seq": number,
        "data": news.data,
    }
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Written(topic, news.kind, news.id, news.progress, number, text)
