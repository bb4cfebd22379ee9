"""The console: pages for people, over the same routes and sockets that programs use."""
