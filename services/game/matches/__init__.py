"""Matches: created, joined, played, put on disk, reported to Elo."""
