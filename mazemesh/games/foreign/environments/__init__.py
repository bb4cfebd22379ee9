"""Environments of every kind behind one protocol, and how they are made from their names."""
