"""Adapters of the Elo service's store."""
