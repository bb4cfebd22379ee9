"""Where finished matches are kept."""
