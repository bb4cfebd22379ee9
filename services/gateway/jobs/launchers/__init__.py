"""Where jobs run: on this machine, in a cluster, on machines of their own."""
