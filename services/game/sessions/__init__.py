"""Sessions of RunGames: batches of games that one client steps."""
