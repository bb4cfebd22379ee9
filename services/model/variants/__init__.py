"""Other forms of versions' files, made and compared when they are published."""
