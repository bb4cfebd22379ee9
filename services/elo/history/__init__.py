"""Ladders as they were, refolded from the log."""
