"""What a log tells, counted: rows of pairs, matches as comparisons, who is connected."""
