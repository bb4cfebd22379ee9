"""Typed clients, one module a service; `mazemesh.client.mesh` holds all of them in one object.

Each module imports only its own stubs, so a service that calls one other pays for one.
"""
