"""What the console says, by language: `messages/<language>/<page>.json`, one sentence a key.

Templates and modules speak the same words; a test compares the keys of the languages, and with what
is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "ja": "日本語"}
"""Those there are, by code, each by its own name; the first is what others fall back to."""

DEFAULT: Final = "en"
_HERE: Final = Path(__file__).parent


@cache
def messages(language: str) -> Mapping[str, str]:
    """All sentences of a language by key."""
    found: dict[str, str] = {}
    for path in sorted((_HERE / "messages" / language).glob("*.json")):
        found |= json.loads(path.read_text("utf-8"))
    return found


def say(language: str, key: str, values: Mapping[str, object]) -> str:
    """One sentence; `{name}` in it stands for values[name].

    Raises:
        KeyError: no language has the key, or a value is missing.
    """
    sentence = messages(language).get(key, messages(DEFAULT)[key])
    return sentence.format_map(values) if values else sentence


def chosen(*wishes: str | None, accepted: str = "") -> str:
    """The first wish that is a language, else the first that Accept-Language names, else English.

    Args:
        wishes: Of the address, of the cookie; None or anything where there is none.
        accepted: The header, as RFC 9110 has it: "ja, en;q=0.5".
    """
    for wish in wishes:
        if wish is not None and wish in LANGUAGES:
            return wish
    ranked = sorted(map(_ranked, accepted.split(",")), key=lambda one: -one[0])
    for _, tag in ranked:
        if tag in LANGUAGES:
            return tag
    return DEFAULT


def _ranked(part: str) -> tuple[float, str]:
    tag, _, quality = part.partition(";q=")
    try:
        rank = float(quality) if quality else 1.0
    except ValueError:
        rank = 0.0
    return rank, tag.strip().lower().partition("-")[0]
