"""Drift: how what a version is asked differs from what it was validated on."""
