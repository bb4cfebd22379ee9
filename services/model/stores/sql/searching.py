"""Which versions a list shows, in SQL.

What has an index finds its rows; all else is looked for among so many of these at a time, since a
transaction that reads a million rows would keep everybody else waiting.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, select

from services.model.registry.policy import State
from services.model.stores.sql.tables import CONFIGS, VERSIONS
from services.model.version_store import Filter

LOOKED_AT: Final = 5000
"""Versions that one page looks at, at most."""

Conditions = list[ColumnElement[Any]]


def of_index(chosen: Filter) -> Conditions:
    """What an index answers: in order of positions."""
    found: Conditions = []
    if chosen.name:
        found.append(VERSIONS.c.name == chosen.name)
    elif chosen.run_id:
        found.append(VERSIONS.c.run_id == chosen.run_id)
    if chosen.snapshots_only and (chosen.name or not chosen.run_id):
        found.append(VERSIONS.c.snapshot)
    if not chosen.include_all_states and (chosen.name or not chosen.run_id):
        found.append(VERSIONS.c.state == State.READY)
    return found


def matching(chosen: Filter) -> Conditions:
    """All that `of_index` leaves out."""
    found: Conditions = []
    by_run = bool(chosen.run_id) and not chosen.name
    if chosen.name and chosen.run_id:
        found.append(VERSIONS.c.run_id == chosen.run_id)
    if by_run and chosen.snapshots_only:
        found.append(VERSIONS.c.snapshot)
    if by_run and not chosen.include_all_states:
        found.append(VERSIONS.c.state == State.READY)
    for column in ("game", "game_hash", "spec_hash", "sha256"):
        wanted = getattr(chosen, column)
        if wanted:
            found.append(VERSIONS.c[column] == wanted)
    if chosen.code_version:
        found.append(VERSIONS.c.code_version.startswith(chosen.code_version, autoescape=True))
    if chosen.parent_version:
        found.append(VERSIONS.c.parent_version == chosen.parent_version)
    if chosen.min_training_step:
        found.append(VERSIONS.c.training_step >= chosen.min_training_step)
    if chosen.max_training_step is not None:
        found.append(VERSIONS.c.training_step <= chosen.max_training_step)
    if chosen.created_from is not None:
        found.append(VERSIONS.c.created >= chosen.created_from)
    if chosen.created_before is not None:
        found.append(VERSIONS.c.created < chosen.created_before)
    for key, value in chosen.config:
        holders = select(CONFIGS.c.config_sha256).where(
            CONFIGS.c.key == key, CONFIGS.c.value == value
        )
        found.append(VERSIONS.c.config_sha256.in_(holders))
    return found
