"""Aurora: only a cluster of the old serverless engine has a scaling configuration."""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBCluster


def install() -> None:
    """Lays it over moto."""
    told = DBCluster.scaling_configuration_info.fget

    def scaling_configuration_info(self: Any) -> dict[str, Any] | None:
        return told(self) if self.engine_mode == "serverless" else None

    DBCluster.scaling_configuration_info = property(scaling_configuration_info)  # type: ignore[assignment]
