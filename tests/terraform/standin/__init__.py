"""A stand-in for AWS: moto, with what it lacks or answers differently, for tests alone."""
