"""The gateway: REST, live news over WebSockets, training jobs and the console, for browsers."""
