"""Algorithms on games that everybody knows, beside public implementations."""
