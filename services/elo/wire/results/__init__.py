"""Results of matches from bytes and back."""
