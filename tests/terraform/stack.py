"""A profile that was planned and applied on the stand-in."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from supervisor.cloud.operating.prices import LIMITS, Bill, price
from tests.terraform.plan_policies import planned
from tests.terraform.runner import ROOT, Terraform

ACCOUNT = "123456789012"


@dataclass
class Stack:
    """Terraform, its first plan, its outputs, and clients of the stand-in."""

    terraform: Terraform
    plan: dict[str, Any]
    outputs: dict[str, Any]
    aws: Callable[[str], Any]

    @classmethod
    def up(cls, terraform: Terraform, aws: Callable[[str], Any]) -> Stack:
        """Plans and applies."""
        plan = terraform.plan()
        terraform.apply()
        return cls(terraform, plan, terraform.outputs(), aws)

    @property
    def name(self) -> str:
        """Prefix of names."""
        return f"mazemesh-{self.terraform.profile}"

    def count(self, kind: str) -> int:
        """Resources of a kind that were planned."""
        return sum(one["type"] == kind for one in planned(self.plan))

    def unchanged(self) -> list[str]:
        """What a second plan would change."""
        again = self.terraform.plan()
        return [
            f"{one['address']}: {one['change']['actions']}"
            for one in again["resource_changes"]
            if one["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def group(self, short: str) -> dict[str, Any]:
        """An auto scaling group, as AWS describes it."""
        answer = self.aws("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[f"{self.name}-{short}"]
        )
        found: dict[str, Any] = answer["AutoScalingGroups"][0]
        return found

    def template(self, short: str) -> dict[str, Any]:
        """The newest launch template of a group."""
        answer = self.aws("ec2").describe_launch_template_versions(
            LaunchTemplateName=f"{self.name}-{short}", Versions=["$Latest"]
        )
        data: dict[str, Any] = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        return data

    def user_data(self, short: str) -> str:
        """The script that a machine of a group starts with."""
        return base64.b64decode(self.template(short)["UserData"]).decode()

    def settings(self, short: str) -> dict[str, str]:
        """Environment of the units on a machine of a group, from its user data."""
        text = self.user_data(short).split("<<'SETTINGS'\n")[1].split("\nSETTINGS\n")[0]
        return dict(line.split("=", 1) for line in text.splitlines())

    def security_group(self, short: str) -> dict[str, Any]:
        """A security group, as AWS describes it."""
        answer = self.aws("ec2").describe_security_groups(
            Filters=[{"Name": "group-name", "Values": [f"{self.name}-{short}"]}]
        )
        found: dict[str, Any] = answer["SecurityGroups"][0]
        return found

    def lets_in(self, short: str) -> set[tuple[str, int]]:
        """Who reaches which port of a group: names of groups, or address ranges."""
        ec2 = self.aws("ec2")
        names = {
            one["GroupId"]: one["GroupName"].removeprefix(f"{self.name}-")
            for one in ec2.describe_security_groups()["SecurityGroups"]
        }
        found = set()
        for rule in self.security_group(short)["IpPermissions"]:
            for pair in rule.get("UserIdGroupPairs", []):
                found.add((names[pair["GroupId"]], rule["FromPort"]))
            for cidr in rule.get("IpRanges", []):
                found.add((cidr["CidrIp"], rule["FromPort"]))
        return found

    def role_actions(self, short: str) -> dict[str, list[str]]:
        """Actions that machines of a group may do, by the statement's name."""
        document = self.aws("iam").get_role_policy(
            RoleName=f"{self.name}-{short}", PolicyName="mesh"
        )["PolicyDocument"]
        return {
            one["Sid"]: [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
            for one in document["Statement"]
        }


def checked_bill(stack: Stack) -> Bill:
    """The plan's bill: below the profile's limit, and as terraform/costs.json tells it.

    `MAZEMESH_WRITE_COSTS=1 scripts/test-terraform -k costs` writes the file anew.
    """
    bill, profile = price(stack.plan), stack.terraform.profile
    assert bill.usual <= bill.most < LIMITS[profile]
    file = ROOT / "terraform" / "costs.json"
    if os.environ.get("MAZEMESH_WRITE_COSTS"):
        known = json.loads(file.read_text()) if file.exists() else {}
        text = json.dumps({**known, profile: bill.to_json()}, indent=2, sort_keys=True)
        file.write_text(text + "\n")
    assert json.loads(file.read_text())[profile] == bill.to_json()
    return bill
