"""`python -m bench replay...`."""
