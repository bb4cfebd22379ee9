"""Where tickets wait."""
