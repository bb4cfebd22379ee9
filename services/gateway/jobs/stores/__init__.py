"""Adapters of what jobs rest on."""
