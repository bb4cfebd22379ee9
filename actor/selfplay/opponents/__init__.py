"""Whom the student meets, and who plays them."""
