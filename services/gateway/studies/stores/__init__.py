"""Where studies lie."""
