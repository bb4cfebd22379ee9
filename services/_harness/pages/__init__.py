"""Lists in pages (AIP-158)."""
