"""Experiments on the wire."""
