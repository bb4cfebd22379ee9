"""The game in which each side chooses whom to send: who is best where strength goes round."""
