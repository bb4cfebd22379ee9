"""Whether experiments split, hold and roll back as they say, and what they cost."""
