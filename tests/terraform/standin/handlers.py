"""Lays over moto what it lacks or answers differently from AWS, as far as the modules meet it."""

from __future__ import annotations

from tests.terraform.standin import billing, buckets, compute, redis, relational


def install() -> None:
    """Lays all of it over moto."""
    for part in (billing, buckets, compute, redis, relational):
        part.install()
