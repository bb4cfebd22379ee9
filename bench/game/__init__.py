"""`python -m bench game`."""
