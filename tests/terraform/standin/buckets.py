"""Statements of a bucket's policy about TLS or the service that asks say nothing of our calls."""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult


def install() -> None:
    """Lays it over moto."""
    permitted = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: Any, *given: Any, **named: Any) -> PermissionResult:
        conditions = self._statement.get("Condition", {})
        keys = {key for tests in conditions.values() for key in tests}
        if keys & {"aws:SecureTransport", "aws:SourceAccount"}:
            return PermissionResult.NEUTRAL
        return permitted(self, *given, **named)

    IAMPolicyStatement.is_action_permitted = is_action_permitted  # type: ignore[method-assign]
