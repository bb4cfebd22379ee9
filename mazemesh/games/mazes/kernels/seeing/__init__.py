"""What players see of them."""
