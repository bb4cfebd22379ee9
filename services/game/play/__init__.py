"""Games that are stepped together, and who watches them."""
