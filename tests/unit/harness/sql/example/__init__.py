"""A tiny service with two tables, to try migrations on."""
