"""Messages of model.proto <-> the nouns of the registry."""
