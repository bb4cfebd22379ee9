"""EC2 and auto scaling: descriptions, tags and hooks come back as they were sent."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeScalingPolicy, LifecycleHook
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.models.security_groups import SecurityGroupRule


def install() -> None:
    """Lays it over moto."""
    _descriptions()
    _launch_templates()
    _hooks()
    _policies()


def _descriptions() -> None:
    """A rule that admits a group has a description too."""

    def description(self: Any) -> str | None:
        given: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
        return given

    SecurityGroupRule.description = property(description)  # type: ignore[assignment]


def _launch_templates() -> None:
    """The template's own tags are not those of the machines that it starts."""
    create = LaunchTemplateBackend.create_launch_template

    def create_launch_template(
        self: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: Any
    ) -> Any:
        specifications = template_data.get("TagSpecifications", [])
        template_data["TagSpecifications"] = [
            one for one in specifications if one["ResourceType"] != "launch-template"
        ]
        return create(self, name, description, template_data, tag_spec)

    LaunchTemplateBackend.create_launch_template = create_launch_template  # type: ignore[method-assign]


def _hooks() -> None:
    """A hook without a queue has none."""
    init = LifecycleHook.__init__

    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807
        init(self, *given, **named)
        self.role_arn = self.notification_target_arn = None

    LifecycleHook.__init__ = __init__  # type: ignore[method-assign]


def _policies() -> None:
    """A policy is enabled, and predicts nothing unless it was told to."""
    init = FakeScalingPolicy.__init__

    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807
        init(self, *given, **named)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None

    FakeScalingPolicy.__init__ = __init__  # type: ignore[method-assign]
