"""Other services, as a service calls them, and what it knows of games by them."""
