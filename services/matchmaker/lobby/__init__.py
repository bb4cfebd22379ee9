"""Players who wait for each other."""
