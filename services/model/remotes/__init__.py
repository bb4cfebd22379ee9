"""The services that Model asks, over the network."""
