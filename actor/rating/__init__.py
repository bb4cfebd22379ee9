"""Games that are played to be counted: rating matches, duels, success."""
