"""The gateway in front of real services, with real browsers and sockets."""
