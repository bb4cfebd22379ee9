"""Rating models and what they rest on, as pure numbers."""
