"""Steps for clients of the same machine, over a socket with a thread of its own."""
