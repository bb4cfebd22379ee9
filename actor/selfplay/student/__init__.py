"""The newest version of a policy, and the one that comes."""
