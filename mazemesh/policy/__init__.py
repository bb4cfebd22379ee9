"""Policies at hand: loaded, asked, drawn from, and what they remember."""
