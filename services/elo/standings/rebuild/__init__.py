"""Ladders folded anew, and what differs from those that were served."""
