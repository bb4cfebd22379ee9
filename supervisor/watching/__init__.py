"""Looks at a running mesh: its figures, and why it stands still."""
