"""The Elo service: an append-only log of match results and the ratings folded from it."""
