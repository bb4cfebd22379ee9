"""Ratings against their peers: what is taken in, how fast and how well it is rated."""
