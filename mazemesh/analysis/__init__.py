"""What a run left behind, as numbers: curves, ratings, trade-offs. Pure: no I/O and no clock."""
