"""Tournaments: pure functions of entrants, seed and the log of results."""
