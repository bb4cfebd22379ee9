"""Which versions stay: who holds them, and what is collected."""
