"""The Game service: plays training games, matches and games of people; reports results."""
