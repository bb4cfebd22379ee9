"""Curves of many runs, drawn from a few numbers a run."""
