"""A bucket's policy may deny what comes without TLS; the stand-in has none, and lets it pass."""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult


def install() -> None:
    """Lays it over moto."""
    permitted = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: Any, *given: Any, **named: Any) -> PermissionResult:
        insecure = self._statement.get("Condition", {}).get("Bool", {})
        if "aws:SecureTransport" in insecure:
            return PermissionResult.NEUTRAL
        return permitted(self, *given, **named)

    IAMPolicyStatement.is_action_permitted = is_action_permitted  # type: ignore[method-assign]
