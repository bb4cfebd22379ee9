"""A table: its definition, its rows, and when they may come and go. Pure."""
