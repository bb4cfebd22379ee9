"""Messages of replay.proto <-> the nouns of this service."""
