"""Budgets tell their subscribers and tags; Cost Explorer has anomaly monitors and subscriptions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.budgets.responses import BudgetsResponse
from moto.ce.responses import CostExplorerResponse

_tags: dict[str, dict[str, str]] = {}
_monitors: dict[str, dict[str, Any]] = {}
_subscriptions: dict[str, dict[str, Any]] = {}


def install() -> None:
    """Lays it over moto."""
    for function in (
        describe_subscribers_for_notification,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
    ):
        setattr(BudgetsResponse, function.__name__, function)
    create = BudgetsResponse.create_budget

    def create_budget(self: Any) -> str:
        name = self._get_param("Budget")["BudgetName"]
        arn = f"arn:aws:budgets::{self.current_account}:budget/{name}"
        _tags[arn] = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags", [])}
        return create(self)

    BudgetsResponse.create_budget = create_budget  # type: ignore[method-assign]
    for kind, store in (("monitor", _monitors), ("subscription", _subscriptions)):
        for name, function in _anomaly(kind, store).items():
            setattr(CostExplorerResponse, name, function)
    CostExplorerResponse.list_tags_for_resource = ce_tags  # type: ignore[method-assign]


def describe_subscribers_for_notification(self: Any) -> str:
    """Those that the notification was made with."""
    wanted = self._get_param("Notification")
    budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
    keys = ("NotificationType", "ComparisonOperator", "Threshold")
    for one in budget.notifications:
        if all(one.details[key] == wanted[key] for key in keys):
            return json.dumps({"Subscribers": one.subscribers})
    return json.dumps({"Subscribers": []})


def list_tags_for_resource(self: Any) -> str:
    """Tags of a budget."""
    tags = _tags.get(self._get_param("ResourceARN"), {})
    return json.dumps({"ResourceTags": [{"Key": k, "Value": v} for k, v in tags.items()]})


def tag_resource(self: Any) -> str:
    """Adds tags to a budget."""
    arn = self._get_param("ResourceARN")
    new = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags")}
    _tags.setdefault(arn, {}).update(new)
    return "{}"


def untag_resource(self: Any) -> str:
    """Takes tags away from a budget."""
    for key in self._get_param("ResourceTagKeys"):
        _tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
    return "{}"


def ce_tags(self: Any) -> str:
    """Tags of a monitor or a subscription."""
    tags = _tags.get(json.loads(self.body)["ResourceArn"], {})
    return json.dumps({"ResourceTags": [{"Key": k, "Value": v} for k, v in tags.items()]})


def _anomaly(kind: str, store: dict[str, dict[str, Any]]) -> dict[str, Callable[[Any], Any]]:
    title = kind.capitalize()
    key, many = f"{title}Arn", f"Anomaly{title}s"

    def create(self: Any) -> str:
        sent = json.loads(self.body)
        arn = f"arn:aws:ce::{self.current_account}:anomaly{kind}/{uuid.uuid4()}"
        store[arn] = {**sent[f"Anomaly{title}"], key: arn, "AccountId": self.current_account}
        _tags[arn] = {tag["Key"]: tag["Value"] for tag in sent.get("ResourceTags", [])}
        return json.dumps({key: arn})

    def read(self: Any) -> str:
        wanted = json.loads(self.body).get(f"{key}List")
        return json.dumps({many: [v for arn, v in store.items() if not wanted or arn in wanted]})

    def delete(self: Any) -> str:
        store.pop(json.loads(self.body)[key], None)
        return "{}"

    return {
        f"create_anomaly_{kind}": create,
        f"get_anomaly_{kind}s": read,
        f"delete_anomaly_{kind}": delete,
    }
