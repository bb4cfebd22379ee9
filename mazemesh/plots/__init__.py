"""Figures of runs and of studies, drawn by matplotlib (extra `plot`) without a display."""
