"""Rows on disk for others: Parquet, and old experience that is kept."""
