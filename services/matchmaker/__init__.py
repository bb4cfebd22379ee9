"""The Matchmaker service: who plays whom, in training, for ratings, and on request."""
