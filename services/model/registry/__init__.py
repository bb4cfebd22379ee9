"""Versions and aliases: their nouns, their rules, and the way of a file to a version."""
