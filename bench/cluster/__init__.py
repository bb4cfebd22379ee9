"""Several instances of every service, on servers of their own."""
