"""The tables of the gateway."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Text, UniqueConstraint

from services._harness.sql.database import create_metadata

metadata = create_metadata()

jobs = Table(
    "gateway_jobs",
    metadata,
    # The order in which they were submitted.
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("job_id", String(64), nullable=False, unique=True),
    Column("owner", String(64), nullable=False),
    # NULL where none was given; many of these may be of one owner.
    Column("request_id", String(128), nullable=True),
    Column("policy", String(64), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    # Goes up with each change.
    Column("revision", BigInteger, nullable=False),
    # Seconds since 1970; 0 is not yet.
    Column("ended", Float(53), nullable=False),
    # JSON; see `sql_jobs`.
    Column("body", Text, nullable=False),
    UniqueConstraint("owner", "request_id"),
    sqlite_autoincrement=True,
)
