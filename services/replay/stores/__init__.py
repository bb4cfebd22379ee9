"""The copy of a shard's tables in a blob store."""
