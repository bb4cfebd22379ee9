"""How fast and how much each key, and each address, may ask for."""
