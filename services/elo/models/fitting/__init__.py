"""How the headline rating is fitted, and how sure it is."""
