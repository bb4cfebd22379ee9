"""What AWS asks for, in us-east-1, in US dollars; from its price pages as of the date.

Spot prices are usual ones of the months before: they move, and a group's `max_price` bounds them.
"""

from __future__ import annotations

from typing import Final

DATE: Final = "2025-06"
REGION: Final = "us-east-1"
HOURS: Final = 730.0
"""Of a month."""

MACHINES: Final[dict[str, tuple[float, float]]] = {
    # An hour on demand, and usually on spot.
    "t4g.nano": (0.0042, 0.0018),
    "t4g.small": (0.0168, 0.0072),
    "t4g.medium": (0.0336, 0.0145),
    "m6g.medium": (0.0385, 0.0165),
    "m7g.medium": (0.0408, 0.0170),
    "m6g.xlarge": (0.1540, 0.0640),
    "m7g.xlarge": (0.1632, 0.0680),
    "c6g.large": (0.0680, 0.0290),
    "c6g.xlarge": (0.1360, 0.0560),
    "c6g.2xlarge": (0.2720, 0.1130),
    "c6gn.large": (0.0864, 0.0360),
    "c6gn.xlarge": (0.1728, 0.0700),
    "c7g.large": (0.0725, 0.0310),
    "c7g.xlarge": (0.1450, 0.0610),
    "c7g.2xlarge": (0.2900, 0.1220),
    "c7gd.xlarge": (0.1814, 0.0720),
    "c8g.xlarge": (0.1595, 0.0660),
    "r6g.xlarge": (0.2016, 0.0800),
    "r7g.xlarge": (0.2142, 0.0860),
    "c5.large": (0.0850, 0.0360),
    "c5.xlarge": (0.1700, 0.0720),
    "c5.2xlarge": (0.3400, 0.1440),
    "m5.2xlarge": (0.3840, 0.1600),
    "r5.xlarge": (0.2520, 0.1000),
    "t3.medium": (0.0416, 0.0170),
    "g4dn.xlarge": (0.5260, 0.2200),
    "g5.xlarge": (1.0060, 0.4300),
    "g6.xlarge": (0.8048, 0.3500),
    "p3.2xlarge": (3.0600, 1.1000),
}

DATABASES: Final = {"db.t4g.micro": 0.016, "db.t4g.small": 0.032, "db.t4g.medium": 0.065}
DATABASE_GIB: Final = 0.115
AURORA_UNIT: Final = 0.12
AURORA_REST: Final = 5.0
"""A month's storage (10 GiB) and reads and writes (20 million) of a mesh that rates all day."""

CACHES: Final = {"cache.t4g.micro": 0.016, "cache.t4g.small": 0.032, "cache.t4g.medium": 0.065}
GP3_GIB: Final = 0.08
ADDRESS: Final = 0.005
NAT_GATEWAY: Final = 0.045
NAT_GIB: Final = 0.045
NAT_USED_GIB: Final = 60.0
"""A month: packages of machines that start, calls of the AWS API; blobs pass by the endpoint."""

BALANCER: Final = 0.0225
BALANCER_UNIT: Final = {"network": 0.006, "application": 0.008}
"""An hour of one unit, which a few thousand connections and 1 GB an hour take."""

SECRET: Final = 0.40
ALARM: Final = 0.10
ZONE: Final = 0.50
REGISTERED: Final = 0.10
FUNCTION: Final = 0.02
LOGS: Final = 0.50
METRICS: Final = 7 * 0.30
"""The exporter's."""

BUCKETS: Final = {"models": 0.6, "replays": 0.4, "experience": 1.2, "releases": 0.1, "logs": 0.1}
"""A month of 10 to 40 GiB, and the requests."""

FARGATE_CPU: Final = 0.03238
FARGATE_GIB: Final = 0.00356
