"""Training games: who plays them, and how they are stepped."""
