"""Stores of the Matchmaker: SQL for what must last, memory for tickets."""
