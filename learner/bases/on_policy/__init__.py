"""Learning from unrolls of the policy of a moment ago."""
