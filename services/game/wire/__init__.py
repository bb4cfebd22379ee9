"""Messages of game.proto <-> the nouns of this service; nothing else sees a message."""
