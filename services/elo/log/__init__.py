"""A match as it stands in the log."""
