"""Prices a plan of Terraform, resource by resource, from a dated table. Pure.

A kind of resource that is neither priced nor known to be free is an error, so that nothing new
slips past the budget. Two sums are told: what a month usually costs, and what it costs at most as
far as the plan bounds it (spot at its cap, hours at their limit); Aurora is counted at its least
capacity, and traffic as the table says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from mazemesh.errors import InvalidArgument
from supervisor.cloud.operating import price_table as table

LIMITS: Final = {"hobby": 30.0, "development": 100.0, "production": 1000.0}
"""$ a month that a profile stays below, with its defaults."""

FREE: Final = frozenset(
    {
        *("aws_vpc", "aws_subnet", "aws_route", "aws_route_table", "aws_route_table_association"),
        *("aws_internet_gateway", "aws_vpc_endpoint", "aws_flow_log", "aws_security_group"),
        *("aws_default_security_group", "aws_vpc_security_group_ingress_rule"),
        *("aws_vpc_security_group_egress_rule", "aws_iam_role", "aws_iam_role_policy"),
        *("aws_iam_role_policy_attachment", "aws_iam_instance_profile"),
        *("aws_autoscaling_lifecycle_hook", "aws_autoscaling_policy", "aws_lb_target_group"),
        *("aws_lb_listener", "aws_lb_listener_rule", "aws_acm_certificate", "aws_route53_record"),
        *("aws_acm_certificate_validation", "aws_db_subnet_group", "aws_elasticache_subnet_group"),
        *("aws_rds_cluster_parameter_group", "aws_s3_bucket_policy", "aws_s3_object"),
        *("aws_s3_bucket_public_access_block", "aws_s3_bucket_versioning"),
        *("aws_s3_bucket_ownership_controls", "aws_s3_bucket_lifecycle_configuration"),
        *(
            "aws_s3_bucket_server_side_encryption_configuration",
            "aws_secretsmanager_secret_version",
        ),
        *("aws_budgets_budget", "aws_ce_anomaly_monitor", "aws_ce_anomaly_subscription"),
        *("aws_sns_topic", "aws_sns_topic_policy", "aws_sns_topic_subscription"),
        *("aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_lambda_permission"),
        *("aws_ssm_parameter", "aws_ecs_cluster", "aws_rds_cluster"),
        "aws_ecs_task_definition",  # its services cost
    }
)


@dataclass(frozen=True)
class Line:
    """A position of the bill.

    Attributes:
        what: For a person.
        usual, most: $ a month.
        note: What was taken for granted.
    """

    what: str
    usual: float
    most: float
    note: str = ""


@dataclass(frozen=True)
class Bill:
    """All positions of a plan, the dearest first."""

    lines: tuple[Line, ...]

    @property
    def usual(self) -> float:
        """$ a month."""
        return sum(line.usual for line in self.lines)

    @property
    def most(self) -> float:
        """$ a month, as far as the plan bounds it."""
        return sum(line.most for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """For a program; dollars in cents' precision."""
        return {
            "table": table.DATE,
            "region": table.REGION,
            "usual_usd": round(self.usual, 2),
            "most_usd": round(self.most, 2),
            "lines": [
                {**asdict(line), "usual": round(line.usual, 2), "most": round(line.most, 2)}
                for line in self.lines
            ],
        }


Resource = Mapping[str, Any]


def price(plan: Mapping[str, Any]) -> Bill:
    """The bill of a plan, as `terraform show -json` gives it.

    Raises:
        InvalidArgument: a kind of resource or of machine has no price.
    """
    resources = list(_resources(plan["planned_values"]["root_module"]))
    lines = [line for one in resources for line in _lines(one, resources)]
    merged: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = (line.what, line.note)
        so_far = merged.get(key, Line(line.what, 0.0, 0.0, line.note))
        merged[key] = Line(*key[:1], so_far.usual + line.usual, so_far.most + line.most, line.note)
    return Bill(tuple(sorted(merged.values(), key=lambda line: -line.most)))


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    for one in module.get("resources", []):
        if one.get("mode", "managed") == "managed":
            yield {"values": {}, **one, "module": one["address"].rpartition(f"{one['type']}.")[0]}
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _lines(resource: Resource, others: list[Resource]) -> list[Line]:
    kind = resource["type"]
    if kind == "aws_launch_template":
        return _jobs(resource)
    if kind in FREE:
        return []
    if kind == "aws_autoscaling_group":
        return _machines(resource, others)
    if kind == "aws_ecs_service":
        return [_tasks(resource, others)]
    if kind == "aws_rds_cluster_instance":
        return [_aurora(resource, others)]
    if kind not in _PRICED:
        raise InvalidArgument(
            f"{resource['address']}: {kind} has no price and is not known to be free; add it to "
            "supervisor/cloud/operating/prices.py"
        )
    return _PRICED[kind](resource["values"])


def _machines(resource: Resource, others: list[Resource]) -> list[Line]:
    values = resource["values"]
    policy = values["mixed_instances_policy"][0]
    distribution = policy["instances_distribution"][0]
    types = [one["instance_type"] for one in policy["launch_template"][0]["override"]]
    spot = distribution["on_demand_percentage_above_base_capacity"] == 0
    tags = {tag["key"]: tag["value"] for tag in values["tag"]}
    limit = tags.get("mazemesh:monthly-hours")
    hours = float(limit) if limit else table.HOURS * values["max_size"]
    here = {one["type"]: one["values"] for one in others if one["module"] == resource["module"]}
    usual, most = _an_hour(resource, types, spot, distribution.get("spot_max_price"))
    name = tags["mazemesh:group"]
    note = f"{hours:g} h of {types[0]}" + (" on spot" if spot else "")
    lines = [Line(f"machines of {name}", hours * usual, hours * most, note)]
    template = here["aws_launch_template"]
    disk = template["block_device_mappings"][0]["ebs"][0]["volume_size"]
    share = hours / table.HOURS
    lines.append(_flat("disks of machines", disk * table.GP3_GIB * share))
    public = str(template["network_interfaces"][0]["associate_public_ip_address"]).lower() == "true"
    if public and "aws_eip" not in here:
        lines.append(_flat("public addresses", hours * table.ADDRESS))
    return lines


def _jobs(resource: Resource) -> list[Line]:
    """Machines that no group of the plan has: the gateway starts one for each training job."""
    values = resource["values"]
    count = int((values.get("tags") or {}).get("mazemesh:jobs-at-once", "0"))
    if not count:
        return []
    kind = values["instance_type"]
    market = values["instance_market_options"]
    cap = market[0]["spot_options"][0]["max_price"] if market else None
    _, most = _an_hour(resource, [kind], bool(market), cap)
    disk = values["block_device_mappings"][0]["ebs"][0]["volume_size"] * table.GP3_GIB
    public = str(values["network_interfaces"][0]["associate_public_ip_address"]).lower() == "true"
    hour = most + (table.ADDRESS if public else 0.0)
    note = f"at most {count} of {kind} around the clock; their budgets bound them before"
    return [Line("machines of training jobs", 0.0, count * (table.HOURS * hour + disk), note)]


def _an_hour(
    resource: Resource, types: list[str], spot: bool, max_price: str | None
) -> tuple[float, float]:
    missing = [one for one in types if one not in table.MACHINES]
    if missing:
        raise InvalidArgument(
            f"{resource['address']}: {', '.join(missing)} should be in price_table.MACHINES"
        )
    on_demand = [table.MACHINES[one][0] for one in types]
    if not spot:
        return on_demand[0], on_demand[0]  # of several types on demand the first is taken
    cap = float(max_price) if max_price else max(on_demand)
    usual = table.MACHINES[types[0]][1]
    return min(usual, cap), min(cap, max(on_demand))


def _tasks(resource: Resource, others: list[Resource]) -> Line:
    name = resource["values"]["name"]
    task = next(
        one["values"]
        for one in others
        if one["type"] == "aws_ecs_task_definition" and one.get("index") == resource.get("index")
    )
    cpu, gib = float(task["cpu"]) / 1024, float(task["memory"]) / 1024
    hours = table.HOURS * resource["values"]["desired_count"]
    cost = hours * (cpu * table.FARGATE_CPU + gib * table.FARGATE_GIB + table.ADDRESS)
    return _flat(f"Fargate tasks of {name}", cost, f"{cpu:g} vCPU, {gib:g} GiB")


def _aurora(resource: Resource, others: list[Resource]) -> Line:
    cluster = next(one["values"] for one in others if one["type"] == "aws_rds_cluster")
    units = cluster["serverlessv2_scaling_configuration"][0]["min_capacity"]
    cost = table.HOURS * units * table.AURORA_UNIT
    return _flat("Aurora", cost + table.AURORA_REST, f"at {units:g} units each, storage, requests")


def _flat(what: str, cost: float, note: str = "") -> Line:
    return Line(what, cost, cost, note)


def _database(values: Mapping[str, Any]) -> list[Line]:
    kind = values["instance_class"]
    disk = values["allocated_storage"] * table.DATABASE_GIB
    cost = table.DATABASES[kind] * table.HOURS + disk + table.SECRET
    return [_flat("PostgreSQL", cost, f"{kind}, {values['allocated_storage']} GiB")]


def _cache(values: Mapping[str, Any]) -> list[Line]:
    kind, count = values["node_type"], values["num_cache_clusters"]
    return [_flat("Redis", count * table.CACHES[kind] * table.HOURS, f"{count} {kind}")]


def _balancer(values: Mapping[str, Any]) -> list[Line]:
    kind = values["load_balancer_type"]
    hour = table.BALANCER + table.BALANCER_UNIT[kind] + 2 * table.ADDRESS
    return [_flat(f"load balancer ({kind})", hour * table.HOURS, "one unit, two zones")]


def _instance(values: Mapping[str, Any]) -> list[Line]:
    disk = values["root_block_device"][0]["volume_size"]
    hour = table.MACHINES[values["instance_type"]][0] + table.ADDRESS
    cost = hour * table.HOURS + disk * table.GP3_GIB
    return [_flat("NAT instance", cost, values["instance_type"])]


def _nat(values: Mapping[str, Any]) -> list[Line]:
    del values
    cost = table.NAT_GATEWAY * table.HOURS + table.NAT_USED_GIB * table.NAT_GIB
    return [_flat("NAT gateway", cost, f"{table.NAT_USED_GIB:g} GiB")]


def _bucket(values: Mapping[str, Any]) -> list[Line]:
    of = next(name for name in table.BUCKETS if f"-{name}-" in values["bucket"])
    return [_flat("S3", table.BUCKETS[of], "10 to 40 GiB a bucket")]


def _alarm(values: Mapping[str, Any]) -> list[Line]:
    metrics = max(sum(1 for one in values.get("metric_query") or [] if one["metric"]), 1)
    return [_flat("alarms", metrics * table.ALARM)]


_PRICED: Final[dict[str, Callable[[Mapping[str, Any]], list[Line]]]] = {
    "aws_db_instance": _database,
    "aws_elasticache_replication_group": _cache,
    "aws_lb": _balancer,
    "aws_instance": _instance,
    "aws_nat_gateway": _nat,
    "aws_s3_bucket": _bucket,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_ebs_volume": lambda values: [
        _flat("disks that stay", values["size"] * table.GP3_GIB, f"{values['size']} GiB")
    ],
    "aws_eip": lambda values: [_flat("public addresses", table.ADDRESS * table.HOURS)],
    "aws_secretsmanager_secret": lambda values: [_flat("secrets", table.SECRET)],
    "aws_service_discovery_private_dns_namespace": lambda values: [
        _flat("private zone and names", table.ZONE)
    ],
    "aws_service_discovery_service": lambda values: [
        _flat("private zone and names", table.REGISTERED)
    ],
    "aws_lambda_function": lambda values: [_flat("shutdown function", table.FUNCTION)],
    "aws_cloudwatch_log_group": lambda values: [_flat("logs", table.LOGS, "1 GiB each")],
    "aws_cloudwatch_dashboard": lambda values: [
        _flat("figures for scaling", table.METRICS, "seven metrics; the dashboard is free")
    ],
}
