"""Gates from the Matchmaker's side: matches are issued, Elo decides, and an alias moves."""
