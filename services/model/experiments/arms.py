"""Versions that experiments use: they are not retired while these run."""

from __future__ import annotations

from collections.abc import Mapping

from services.model.store import Transaction


class ArmsInUse:
    """What `VersionsInUse` asks of experiments, which begin under the same lock."""

    def in_use(self, tx: Transaction, name: str) -> Mapping[int, str]:
        """Arms of experiments that run over aliases of a name, and which that is."""
        found = tx.experiments.in_use(name)
        return {number: f"experiment {one}" for number, one in found.items()}
