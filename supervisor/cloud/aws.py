"""Clients of AWS with deadlines; boto3's defaults wait a minute and try for several."""

from __future__ import annotations

from typing import Any, Final

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
ATTEMPTS: Final = 5


def client(service: str, region: str | None = None) -> Any:
    """A client of boto3; the region is the environment's unless it is given."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )
    return boto3.client(service, region_name=region, config=config)


def error_code(error: Exception) -> str:
    """Code of a refusal by AWS, e.g. ResourceNotFoundException; empty of anything else."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))
