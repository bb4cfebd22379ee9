"""Ladders as the log makes them: records, points, players."""
