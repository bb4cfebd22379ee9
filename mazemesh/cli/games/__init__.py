"""Commands of games: which there are, what was played, and what the contract promises of them."""
