"""REST: a router for each noun."""
