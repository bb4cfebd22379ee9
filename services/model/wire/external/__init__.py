"""Simulators' streams on the wire."""
