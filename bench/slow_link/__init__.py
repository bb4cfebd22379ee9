"""`python -m bench slow-link`."""
