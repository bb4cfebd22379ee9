"""One file a rule set, and beside it one with its compiled step."""
