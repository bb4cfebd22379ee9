"""Policies at hand, and what they remember."""
