"""Games and matches, and who is better by them."""
