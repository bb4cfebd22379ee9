"""From steps of games to rows of experience."""
