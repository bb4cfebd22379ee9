"""Whether a file is a policy that computes what it should."""
