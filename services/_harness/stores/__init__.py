"""Adapters of what all services share, each with its driver."""
