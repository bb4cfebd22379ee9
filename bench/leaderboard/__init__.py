"""Leaderboards of many versions, asked for while results come."""
