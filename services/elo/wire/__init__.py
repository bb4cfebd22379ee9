"""Messages of elo.proto <-> the nouns of this service."""
