"""Who calls: keys, what is kept of them, and what each role may call."""
