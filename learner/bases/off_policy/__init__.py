"""Learning from what Replay keeps, by whomever it was played."""
