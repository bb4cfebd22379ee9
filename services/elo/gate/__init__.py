"""Decides whether a version is better than another, while their matches come in."""
