"""Names, aliases and references to policies, by the grammar of `mazemesh.names`."""

from __future__ import annotations

from mazemesh.names import ALIAS, LATEST, POLICY, Reference, parse_reference

__all__ = ["LATEST", "Reference", "check_alias", "check_name", "parse_reference"]


def check_name(name: str, field: str = "name") -> str:
    """Returns the name of a policy. Raises InvalidArgument."""
    return POLICY.check(field, name)


def check_alias(alias: str, field: str = "alias") -> str:
    """Returns an alias. Raises InvalidArgument."""
    return ALIAS.check(field, alias)
