"""Commands of who is better than whom: ratings, gates, aliases, tournaments, evaluators."""
