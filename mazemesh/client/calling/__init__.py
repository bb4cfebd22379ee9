"""What all calls share: targets, pauses, keys, traces, what gRPC keeps to itself."""
