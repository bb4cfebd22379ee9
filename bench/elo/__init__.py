"""`python -m bench elo...`."""
