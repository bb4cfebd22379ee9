"""Tournaments as people see them: text, SVG and JSON of what the Matchmaker tells."""
