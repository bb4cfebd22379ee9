import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from mazemesh.errors import InvalidArgument
from supervisor.cloud.operating.prices import LIMITS, price


def planned(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "planned_values": {
            "root_module": {
                "resources": [{"mode": "managed", "index": None, **one} for one in resources]
            }
        }
    }


def resource(kind: str, **values: Any) -> dict[str, Any]:
    return {"type": kind, "address": f"{kind}.this", "values": values}


def group(*, spot: bool, max_price: str | None = None, hours: str | None = None) -> dict[str, Any]:
    tags = [{"key": "mazemesh:group", "value": "actors"}]
    if hours:
        tags.append({"key": "mazemesh:monthly-hours", "value": hours})
    override = [{"instance_type": "c7g.xlarge"}, {"instance_type": "m7g.xlarge"}]
    distribution = {
        "on_demand_percentage_above_base_capacity": 0 if spot else 100,
        "spot_max_price": max_price,
    }
    return resource(
        "aws_autoscaling_group",
        max_size=4,
        tag=tags,
        mixed_instances_policy=[
            {"instances_distribution": [distribution], "launch_template": [{"override": override}]}
        ],
    )


def template(*, public: bool = False) -> dict[str, Any]:
    return resource(
        "aws_launch_template",
        block_device_mappings=[{"ebs": [{"volume_size": 12}]}],
        network_interfaces=[{"associate_public_ip_address": str(public).lower()}],
    )


def test_spot_costs_usually_little_and_at_most_its_cap() -> None:
    bill = price(planned(group(spot=True, max_price="0.09", hours="100"), template()))
    machines = bill.lines[0]
    assert machines.usual == pytest.approx(6.1)
    assert machines.most == pytest.approx(9.0)


def test_without_a_cap_spot_costs_at_most_the_dearest_on_demand() -> None:
    bill = price(planned(group(spot=True, hours="100"), template()))
    assert bill.lines[0].most == pytest.approx(16.32)


def test_without_hours_all_machines_run_all_month() -> None:
    bill = price(planned(group(spot=False), template(public=True)))
    assert bill.lines[0].usual == pytest.approx(4 * 730 * 0.145)
    assert any(line.what == "public addresses" for line in bill.lines)


def jobs(market: list[dict[str, Any]]) -> dict[str, Any]:
    found = template(public=True)
    values = {"tags": {"mazemesh:jobs-at-once": "3"}, "instance_type": "c7g.large"}
    found["values"] |= {**values, "instance_market_options": market}
    return found


def test_machines_of_jobs_cost_at_most_all_of_them_all_month() -> None:
    market = [{"market_type": "spot", "spot_options": [{"max_price": "0.04"}]}]
    (line,) = price(planned(jobs(market))).lines
    assert (line.what, line.usual) == ("machines of training jobs", 0.0)
    assert line.most == pytest.approx(3 * (730 * (0.04 + 0.005) + 12 * 0.08))
    (on_demand,) = price(planned(jobs([]))).lines
    assert on_demand.most == pytest.approx(3 * (730 * (0.0725 + 0.005) + 12 * 0.08))


def test_a_kind_without_a_price_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="aws_redshift_cluster has no price"):
        price(planned(resource("aws_redshift_cluster")))


def test_a_machine_without_a_price_is_an_error() -> None:
    one = group(spot=False)
    policy = one["values"]["mixed_instances_policy"][0]
    policy["launch_template"][0]["override"] = [{"instance_type": "x9.huge"}]
    with pytest.raises(InvalidArgument, match=r"x9\.huge should be in price_table"):
        price(planned(one, template()))


def test_alarms_are_priced_by_metric() -> None:
    queries = [{"metric": [{}]}, {"metric": [{}]}, {"metric": []}]
    bill = price(planned(resource("aws_cloudwatch_metric_alarm", metric_query=queries)))
    assert bill.usual == pytest.approx(0.2)


def test_the_page_for_people_names_the_prices_of_the_plans() -> None:
    """Rounded up: docs/aws.md tells nobody less than the plans that terraform/costs.json priced."""
    root = Path(__file__).parents[4]
    text = (root / "docs" / "aws.md").read_text()
    costs = json.loads((root / "terraform" / "costs.json").read_text())
    told = {
        "hobby": r"makes about \d+ resources.*\| (\d+) usual, (\d+) at most \|",
        "development": r"--profile development` \(\$(\d+) usual, at most \$(\d+)\)",
        "production": r"`production` \(\$(\d+) usual, at most \$(\d+)\)",
    }
    for profile, pattern in told.items():
        found = re.search(pattern, text)
        assert found, profile
        usual, most = (int(figure) for figure in found.groups())
        assert abs(usual - costs[profile]["usual_usd"]) <= 1, profile
        assert most == math.ceil(costs[profile]["most_usd"]), profile
        assert most <= LIMITS[profile]


def test_the_page_for_people_has_ten_commands_with_a_price_each() -> None:
    text = (Path(__file__).parents[4] / "docs" / "aws.md").read_text()
    rows = [line.split(" | ") for line in text.splitlines() if re.match(r"\| \d+ \| ", line)]
    assert [int(row[0].strip("| ")) for row in rows] == list(range(1, 11))
    assert all(row[1].startswith(("`mazemesh ", '`eval "$(mazemesh ')) for row in rows)
    assert all(row[3].strip("| ") for row in rows)
