"""The clients for asyncio: the same calls, each of which waits in a thread."""
