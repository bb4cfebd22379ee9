"""Matches in which an alias plays that has an experiment: how they end is told to Model."""
