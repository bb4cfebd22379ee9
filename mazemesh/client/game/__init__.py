"""Client of the Game service: sessions, seats, watching."""
