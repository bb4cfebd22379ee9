"""Results of matches as files: CSV, JSON Lines and Parquet, in and out (docs/match-files.md)."""
