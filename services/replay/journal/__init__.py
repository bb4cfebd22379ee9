"""Adapters of the journal."""
