"""What every process of a mesh needs: settings, logs, metrics, and how it is stopped.

Each module imports only what it needs itself: `mazemesh up` finds ports before it has pydantic.
"""
