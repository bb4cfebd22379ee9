"""People who play in a browser: how they get a seat, who sits opposite, and their moves."""
