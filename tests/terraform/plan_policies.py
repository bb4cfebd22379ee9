"""What every plan has to keep to; each rule gives what breaks it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Resource = Mapping[str, Any]
Rule = Callable[[list[Resource]], Iterator[str]]

SECRET = re.compile(r"password$|secret_string$|private_key$|auth_token$", re.IGNORECASE)
WORLD = {"0.0.0.0/0", "::/0"}


def planned(plan: Mapping[str, Any]) -> list[Resource]:
    """All managed resources of a plan, with the values that are known."""

    def of(module: Mapping[str, Any]) -> Iterator[Resource]:
        yield from (one for one in module.get("resources", []) if one["mode"] == "managed")
        for child in module.get("child_modules", []):
            yield from of(child)

    return list(of(plan["planned_values"]["root_module"]))


def broken(plan: Mapping[str, Any]) -> list[str]:
    """What breaks a rule."""
    resources = planned(plan)
    return [problem for rule in RULES for problem in rule(resources)]


def of_type(resources: list[Resource], *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Address and values of the resources of some kinds."""
    return ((one["address"], one.get("values", {})) for one in resources if one["type"] in kinds)


def machines_ask_by_token(resources: list[Resource]) -> Iterator[str]:
    """Metadata by IMDSv2 alone."""
    for address, values in of_type(resources, "aws_launch_template", "aws_instance"):
        if values["metadata_options"][0]["http_tokens"] != "required":
            yield f"{address} answers metadata without a token"


def disks_are_encrypted(resources: list[Resource]) -> Iterator[str]:
    """All of them."""
    for address, values in of_type(resources, "aws_ebs_volume"):
        if values["encrypted"] is not True:
            yield f"{address} is not encrypted"
    for address, values in of_type(resources, "aws_launch_template"):
        for mapping in values["block_device_mappings"]:
            if str(mapping["ebs"][0]["encrypted"]).lower() != "true":
                yield f"{address} has a disk that is not encrypted"
    for address, values in of_type(resources, "aws_db_instance", "aws_rds_cluster"):
        if values["storage_encrypted"] is not True:
            yield f"{address} is not encrypted"
    for address, values in of_type(resources, "aws_elasticache_replication_group"):
        if not (values["transit_encryption_enabled"] and values["at_rest_encryption_enabled"]):
            yield f"{address} is not encrypted"


def stores_are_closed(resources: list[Resource]) -> Iterator[str]:
    """No database is public, no bucket either."""
    for address, values in of_type(resources, "aws_db_instance", "aws_rds_cluster_instance"):
        if values["publicly_accessible"] is not False:
            yield f"{address} is public"
    buckets = {values["bucket"] for _, values in of_type(resources, "aws_s3_bucket")}
    blocks = list(of_type(resources, "aws_s3_bucket_public_access_block"))
    if len(blocks) != len(buckets):
        yield f"{len(buckets)} buckets have {len(blocks)} blocks of public access"
    for address, values in blocks:
        flags = ("block_public_acls", "block_public_policy", "ignore_public_acls")
        if not all(values[flag] for flag in (*flags, "restrict_public_buckets")):
            yield f"{address} blocks not all"
    for kind in ("versioning", "server_side_encryption_configuration", "policy"):
        count = len(list(of_type(resources, f"aws_s3_bucket_{kind}")))
        if count != len(buckets):
            yield f"{len(buckets)} buckets have {count} of {kind}"


def nobody_is_let_in_from_everywhere(resources: list[Resource]) -> Iterator[str]:
    """Unless an operator said so, and these plans do not."""
    for address, values in of_type(resources, "aws_vpc_security_group_ingress_rule"):
        if values.get("cidr_ipv4") in WORLD or values.get("cidr_ipv6") in WORLD:
            yield f"{address} lets the world in"
        if values["ip_protocol"] != "tcp":
            yield f"{address} lets in more than TCP"
        wide = values["to_port"] - values["from_port"] > 0
        if wide and "ranks" not in address:
            yield f"{address} opens more than one port"


def nothing_secret_is_written_down(resources: list[Resource]) -> Iterator[str]:
    """Neither in the state nor in user data."""
    for one in resources:
        for name, value in one.get("values", {}).items():
            if SECRET.search(name) and isinstance(value, str) and value:
                yield f"{one['address']} has {name} in the state"
    for address, values in of_type(resources, "aws_launch_template"):
        text = values.get("user_data")
        if text and re.search(rb"mm_[0-9a-z]{12}_|BEGIN|password=", base64.b64decode(text)):
            yield f"{address} has a secret in user data"


def roles_may_what_they_need(resources: list[Resource]) -> Iterator[str]:
    """No star as action; as resource only where AWS knows no other."""
    unavoidable = {
        *("cloudwatch:PutMetricData", "cloudwatch:GetMetricData", "ec2:DescribeVolumes"),
        *("autoscaling:DescribeAutoScalingGroups", "ec2:DescribeLaunchTemplates"),
        "ec2:DescribeLaunchTemplateVersions",
    }
    for address, values in of_type(resources, "aws_iam_role_policy"):
        text = values.get("policy")
        for statement in json.loads(text)["Statement"] if text else []:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                if "*" in action:
                    yield f"{address} may {action}"
                if statement["Resource"] == "*" and action not in unavoidable:
                    yield f"{address} may {action} on everything"


def everything_has_an_owner(resources: list[Resource]) -> Iterator[str]:
    """Tags by which the bill is told apart."""
    for one in resources:
        tags = one.get("values", {}).get("tags_all")
        if tags is not None and "Mesh" not in tags:
            yield f"{one['address']} has no tag Mesh"


def elastic_groups_have_hours(resources: list[Resource]) -> Iterator[str]:
    """A group that may grow has a limit of hours, so that the bill has one."""
    for address, values in of_type(resources, "aws_autoscaling_group"):
        keys = {tag["key"] for tag in values["tag"]}
        if values["max_size"] > 1 and "mazemesh:monthly-hours" not in keys:
            yield f"{address} may grow without a limit of hours"


RULES: tuple[Rule, ...] = (
    machines_ask_by_token,
    disks_are_encrypted,
    stores_are_closed,
    nobody_is_let_in_from_everywhere,
    nothing_secret_is_written_down,
    roles_may_what_they_need,
    everything_has_an_owner,
    elastic_groups_have_hours,
)
