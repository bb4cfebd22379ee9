"""Players who look for each other: how many matches a second, and how long they wait."""
