"""Stores of a whole mesh: backed up and brought back."""
