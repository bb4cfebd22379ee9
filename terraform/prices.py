"""Prices a plan: `terraform show -json plan | python terraform/prices.py [--limit 30]`.

The table and the rules are supervisor/cloud/operating/price_table.py and prices.py. Ends with 1
when what the plan costs at most is above the limit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from supervisor.cloud.operating.prices import price


def main() -> int:
    """Reads the plan from standard input, writes the bill as JSON."""
    bill = price(json.load(sys.stdin))
    sys.stdout.write(json.dumps(bill.to_json(), indent=2) + "\n")
    limit = float(sys.argv[2]) if sys.argv[1:2] == ["--limit"] else float("inf")
    return int(bill.most > limit)


if __name__ == "__main__":
    sys.exit(main())
