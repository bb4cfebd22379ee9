"""A file that was checked plays a few games against bot/random before others play it."""
