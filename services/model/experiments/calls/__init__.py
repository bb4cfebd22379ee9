"""Calls on their way: which arm serves a session, and what is counted of it."""
