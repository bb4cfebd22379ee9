"""Live news: watches of the services, shared by all browsers that look."""
