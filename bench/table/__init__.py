"""A minute of training on games of each kind that mazemesh plays."""
