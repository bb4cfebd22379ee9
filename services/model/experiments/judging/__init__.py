"""What arms did, how sure their differences are, and what follows from it."""
