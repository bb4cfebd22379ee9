"""Certificates: of an authority of one's own, and of a server."""
