"""Versions, aliases, checks and rules on the wire."""
