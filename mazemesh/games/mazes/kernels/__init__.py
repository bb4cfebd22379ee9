"""The compiled inner loops of the engine: one file a concern, all over the arrays of `state`."""
