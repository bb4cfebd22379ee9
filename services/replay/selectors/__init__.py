"""How a table chooses rows, to sample or to remove them: a file a family."""
