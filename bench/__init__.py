"""Measurements; each prints what it found, with --json as one JSON object."""
