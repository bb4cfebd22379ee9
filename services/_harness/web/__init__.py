"""Servers that speak HTTP, under the same lifecycle as those of gRPC."""
