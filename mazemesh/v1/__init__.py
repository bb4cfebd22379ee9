"""Generated from proto/mazemesh/v1 by scripts/gen-protos. Not edited by hand."""
