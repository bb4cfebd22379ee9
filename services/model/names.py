"""Names, aliases and references to policies: their form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mazemesh.errors import InvalidArgument

LATEST = "latest"
"""The alias that moves by itself to the newest ready version."""

_NAME = re.compile(r"[a-z0-9._-]{1,64}")
_ALIAS = re.compile(r"[a-z0-9_-]{1,64}")
_SHOWN = 80
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Reference:
    """`name:number`, or `name:alias` with number 0."""

    name: str
    number: int
    alias: str


def shown(text: str) -> str:
    """A text from outside as messages show it: short, since they travel in headers of 8 KiB."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text)} characters)"


def check_name(name: str, field: str = "name") -> str:
    """Returns the name of a policy.

    Raises:
        InvalidArgument: not 1..64 of a-z 0-9 - _ .
    """
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"{field} is {shown(name)}; expected 1..64 characters of a-z, 0-9, '-', '_', '.'"
        )
    return name


def check_alias(alias: str, field: str = "alias") -> str:
    """Returns an alias.

    Raises:
        InvalidArgument: not 1..64 of a-z 0-9 - _, or digits only, which is a version's number.
    """
    if not _ALIAS.fullmatch(alias) or alias.isdigit():
        raise InvalidArgument(
            f"{field} is {shown(alias)}; expected 1..64 characters of a-z, 0-9, '-', '_', "
            "not digits only"
        )
    return alias


def parse_reference(text: str, field: str = "policy") -> Reference:
    """Reads `name:number`, `name:alias`, or `name`, which stands for `name:latest`.

    Raises:
        InvalidArgument: neither of the three.
    """
    name, colon, rest = text.partition(":")
    check_name(name, field)
    if not colon:
        return Reference(name, 0, LATEST)
    if _NUMBER.fullmatch(rest) and int(rest) > 0:
        return Reference(name, int(rest), "")
    if rest.isdigit():
        raise InvalidArgument(
            f"{field} is {shown(text)}; versions are numbered from 1 to 10^18 - 1"
        )
    return Reference(name, 0, check_alias(rest, field))
