"""Messages of matchmaker.proto <-> the nouns of this service."""
