"""Experiments over aliases: who is served by which version, how that goes, and when it ends."""
